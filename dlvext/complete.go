package dlvext

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-delve/delve/pkg/terminal"
	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/liner"

	"github.com/awaittrace/awaittrace/internal/inspect"
)

// addCompletion has the terminal complete the arguments of our commands; it completes their names as it does its own. A
// terminal sets up its completion when it runs, without a hook; but it then asks for the program's state, before its
// first prompt.
func (d *debugger) addCompletion(t *terminal.Term) error {
	line, ok := field[*liner.State](reflect.ValueOf(t).Elem(), "line")
	if !ok || line == nil {
		return errOtherDelve
	}
	ready := func() {
		delves, ok := field[liner.WordCompleter](reflect.ValueOf(line).Elem(), "completer")
		if !ok || delves == nil {
			return
		}
		line.SetWordCompleter(func(text string, pos int) (string, []string, string) {
			before, after := string([]rune(text)[:pos]), string([]rune(text)[pos:])
			if list, ours := d.complete(before); ours {
				return "", list, after
			}
			return delves(text, pos)
		})
	}
	d.relay.ready.Store(&ready)
	return nil
}

// complete returns the completions of a line with an argument of one of our commands.
func (d *debugger) complete(line string) (list []string, ours bool) {
	name, _, args := strings.Cut(line, " ")
	i := slices.IndexFunc(inspect.Commands(), func(c inspect.Command) bool { return c.Name == name })
	if !args || i < 0 && name != collectorCommand {
		return nil, false
	}
	words := strings.Split(line, " ")
	last, before := words[len(words)-1], words[len(words)-2]
	var candidates []string
	switch {
	case name == collectorCommand:
		candidates = []string{"on", "off"}
	case before == "-g":
		candidates = d.goroutineIDs()
	case name == "holders":
		candidates = d.variables()
	default:
		candidates = inspect.Commands()[i].Flags
	}
	for _, c := range candidates {
		if strings.HasPrefix(c, last) {
			list = append(list, strings.TrimSuffix(line, last)+c)
		}
	}
	return list, true
}

// maxCompleted bounds the goroutine ids among the completions of a line.
const maxCompleted = 1000

// goroutineIDs returns the numbers of the first goroutines.
func (d *debugger) goroutineIDs() (ids []string) {
	list, _, err := d.client.ListGoroutines(0, maxCompleted)
	if err != nil {
		return nil // nothing to choose from
	}
	for _, g := range list {
		ids = append(ids, strconv.FormatInt(g.ID, 10))
	}
	return ids
}

// variables returns the names of the arguments and local variables of the user's frame.
func (d *debugger) variables() (names []string) {
	for _, list := range []func(api.EvalScope, api.LoadConfig) ([]api.Variable,
		error){d.client.ListFunctionArgs, d.client.ListLocalVariables} {
		vars, err := list(d.scope(), api.LoadConfig{})
		if err != nil {
			continue
		}
		for _, v := range vars {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
