package dlvext

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"
)

// byPlace reports whether goroutines are to be filtered or grouped by place. Delve's server would use their places in
// the collector, so this is done here, as FilterGoroutines and GroupGoroutines in Delve's package service/debugger do
// it.
func byPlace(in rpc2.ListGoroutinesIn) bool {
	return in.GroupBy == api.GoroutineUserLoc ||
		in.GroupBy != api.GoroutineUser && slices.ContainsFunc(in.Filters, ofPlace)
}

// ofPlace reports whether a filter is about the place in the user's code.
func ofPlace(f api.ListGoroutinesFilter) bool { return f.Kind == api.GoroutineUserLoc }

// pageSize is how many goroutines are asked for at once. For every page Delve walks through all earlier ones again.
const pageSize = 10_000

// chosen is page for goroutines that are filtered or grouped by place.
func (r *relay) chosen(in rpc2.ListGoroutinesIn) (out rpc2.ListGoroutinesOut, m message, err error) {
	ask := in
	ask.GroupBy = api.GoroutineFieldNone
	ask.Filters = slices.DeleteFunc(slices.Clone(in.Filters), ofPlace)
	if in.Count == 0 {
		ask.Count = pageSize
	}
	grouped := groups{options: in.GoroutineGroupingOptions, members: make(map[string][]*api.Goroutine),
		totals: make(map[string]int)}
	for {
		var page rpc2.ListGoroutinesOut
		if page, m, err = r.page(ask); err != nil || failed(m) {
			return out, m, err
		}
		for _, g := range page.Goroutines {
			switch {
			case !matches(g, in.Filters):
			case in.GroupBy == api.GoroutineFieldNone:
				out.Goroutines = append(out.Goroutines, g)
			default:
				grouped.add(g)
			}
		}
		if out.Nextg = page.Nextg; in.Count != 0 || page.Nextg <= ask.Start {
			break
		}
		ask.Start = page.Nextg
	}
	if in.GroupBy != api.GoroutineFieldNone {
		out.Goroutines, out.Groups, out.TooManyGroups = grouped.list()
	}
	return out, m, nil
}

// matches reports whether g passes the filters about places.
func matches(g *api.Goroutine, filters []api.ListGoroutinesFilter) bool {
	for _, f := range filters {
		if ofPlace(f) && strings.Contains(text(g.UserCurrentLoc), f.Arg) == f.Negated {
			return false
		}
	}
	return true
}

// Groups are goroutines by what they have in common.
type groups struct {
	options api.GoroutineGroupingOptions
	members map[string][]*api.Goroutine // at most as many as are shown
	totals  map[string]int
}

// add puts g into its group.
func (s *groups) add(g *api.Goroutine) {
	key := ""
	switch s.options.GroupBy {
	case api.GoroutineCurrentLoc:
		key = text(g.CurrentLoc)
	case api.GoroutineUserLoc:
		key = text(g.UserCurrentLoc)
	case api.GoroutineGoLoc:
		key = text(g.GoStatementLoc)
	case api.GoroutineStartLoc:
		key = text(g.StartLoc)
	case api.GoroutineLabel:
		key = fmt.Sprintf("%s=%s", s.options.GroupByKey, g.Labels[s.options.GroupByKey])
	case api.GoroutineRunning:
		key = fmt.Sprintf("running=%v", g.ThreadID != 0)
	}
	if len(s.members[key]) < s.options.MaxGroupMembers {
		s.members[key] = append(s.members[key], g)
	}
	s.totals[key]++
}

// list returns the groups sorted by name, and reports whether there are more than are wanted.
func (s *groups) list() (members []*api.Goroutine, list []api.GoroutineGroup, more bool) {
	for _, key := range slices.Sorted(maps.Keys(s.totals)) {
		if s.options.MaxGroups > 0 && len(list) >= s.options.MaxGroups {
			return members, list, true
		}
		list = append(list, api.GoroutineGroup{Name: key, Offset: len(members), Count: len(s.members[key]),
			Total: s.totals[key]})
		members = append(members, s.members[key]...)
	}
	return members, list, false
}

// text returns a place as Delve writes it for matching, and as a group's name.
func text(l api.Location) string {
	name := "?"
	if l.Function != nil {
		name = l.Function.Name()
	}
	return fmt.Sprintf("%s:%d in %s", l.File, l.Line, name)
}
