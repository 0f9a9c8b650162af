package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A waitPlace is the goroutines that are at the same probe.
type waitPlace struct {
	probe *snapshot.Probe
	list  []int
}

// A placeKey is a place, for the goroutines in Options.Scope and for the others.
type placeKey struct {
	probe   snapshot.Probe
	inScope bool
}

// places groups the goroutines of list by the probe that they wait at, or reached last; the most common place comes first. Those that
// reached none are left out.
func (a *analysis) places(list []int) []waitPlace {
	at := make(map[placeKey]int)
	var ps []waitPlace
	for _, i := range list {
		p := a.probe(i)
		if p == nil {
			continue
		}
		key := placeKey{*p, a.inScope(i)}
		n, ok := at[key]
		if !ok {
			n = len(ps)
			at[key] = n
			ps = append(ps, waitPlace{probe: p})
		}
		ps[n].list = append(ps[n].list, i)
	}
	slices.SortStableFunc(ps, func(x, y waitPlace) int { return cmp.Compare(len(y.list), len(x.list)) })
	return ps
}

// probe returns the probe that goroutine i waits at, or reached last, or nil.
func (a *analysis) probe(i int) *snapshot.Probe {
	if w := a.wait(i); w != nil {
		return w.Probe
	}
	return a.g(i).Last
}

// span says for how long the goroutines of list have waited: "for 12s", "for 10s to 12s".
func (a *analysis) span(list []int) string {
	lo, hi := time.Duration(1<<62), time.Duration(0)
	for _, i := range list {
		d := a.waited(i)
		lo, hi = min(lo, d), max(hi, d)
	}
	switch {
	case a.s.Process.Unwatched && hi < time.Millisecond:
		return "when the program was last heard of"
	case a.s.Process.Unwatched:
		return "for " + Duration(lo) + " or longer"
	}
	if x, y := Duration(lo), Duration(hi); x != y {
		return fmt.Sprintf("for %s to %s", x, y)
	}
	return "for " + Duration(hi)
}

// who names the goroutines of list: "goroutine 7", or how many there are.
func (a *analysis) who(list []int) string {
	if len(list) == 1 {
		return fmt.Sprintf("goroutine %d", a.g(list[0]).ID)
	}
	return plural(len(list), "goroutine")
}

// verb returns the form of a verb that fits n subjects: "waits" for one, "wait" for several.
func verb(n int, s string) string {
	if n == 1 {
		return s
	}
	head, rest, _ := strings.Cut(s, " ")
	switch head {
	case "is":
		head = "are"
	case "has":
		head = "have"
	default:
		head = strings.TrimSuffix(head, "s")
	}
	if rest == "" {
		return head
	}
	return head + " " + rest
}

// names lists goroutines: "goroutine 7", "goroutines 7 and 8", "goroutines 7, 8 and 9", and not more than a line has room for.
func names(ids []int64) string {
	const room = 8
	if len(ids) == 1 {
		return fmt.Sprintf("goroutine %d", ids[0])
	}
	if len(ids) > room {
		return plural(len(ids), "goroutine")
	}
	var b strings.Builder
	b.WriteString("goroutines ")
	for k, id := range ids {
		switch {
		case k == len(ids)-1:
			b.WriteString(" and ")
		case k > 0:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}
