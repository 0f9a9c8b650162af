package dlvext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	delve "github.com/go-delve/delve/pkg/terminal"
	"github.com/go-delve/delve/pkg/terminal/starbind"

	"github.com/awaittrace/awaittrace/internal/inspect"
)

// patience bounds how long an answer may take: the terminal takes no other command meanwhile.
const patience = time.Minute

// onPrefix allows a command after `on BREAKPOINT`, like those of scripts.
const onPrefix = 2

// addCommands adds the commands of package inspect to a terminal that has not been run yet.
func addCommands(t *delve.Term, d *debugger, opt inspect.ConsoleOptions) error {
	script, out, err := inside(t)
	if err != nil {
		return err
	}
	d.scope = script.Scope
	for _, c := range inspect.Commands() {
		script.RegisterCommand(c.Name, c.Help, func(args string) error {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			return inspect.Answer(ctx, out, d, c.Name+" "+args, opt)
		}, onPrefix)
	}
	script.RegisterCommand(collectorCommand, collectorHelp,
		func(args string) error { return d.relay.showCollector(out, args) }, 0)
	return d.addCompletion(t)
}

const (
	collectorCommand = "collector"
	collectorHelp    = "Shows or hides awaittrace's own frames.\n\n\tcollector [on|off]\n\n" +
		"Probes call the collector, a package that awaittrace has added to the program. Its frames are off unless " +
		"you turn them on: stack, frame, goroutines\n" +
		"and the rest show and number the others, as if there were no probes. Without an argument it tells which it is."
)

// showCollector is the command collector.
func (r *relay) showCollector(w io.Writer, args string) error {
	switch args {
	case "":
		state := "off"
		if r.raw.Load() {
			state = "on"
		}
		fmt.Fprintln(w, "the collector's frames are", state)
	case "on", "off":
		r.raw.Store(args == "on")
	default:
		return fmt.Errorf("collector: invalid argument %q (want on or off)", args)
	}
	return nil
}

// inside returns the interface of scripts to a terminal, and their output. Delve gives it to its script interpreter
// only, so we take it from there. A script would do, but Delve does not complete the names of commands that a script
// adds.
func inside(t *delve.Term) (starbind.Context, io.Writer, error) {
	env, ok := field[*starbind.Env](reflect.ValueOf(t).Elem(), "starlarkEnv")
	if !ok || env == nil {
		return nil, nil, errOtherDelve
	}
	v := reflect.ValueOf(env).Elem()
	script, ok1 := field[starbind.Context](v, "ctx")
	out, ok2 := field[starbind.EchoWriter](v, "out")
	if !ok1 || !ok2 {
		return nil, nil, errOtherDelve
	}
	return script, out, nil
}

var errOtherDelve = errors.New("this awaittrace was built with a version of Delve that its commands cannot be added to")

// field returns the field of a struct, which need not be exported, if it has that name and type.
func field[T any](v reflect.Value, name string) (value T, ok bool) {
	f := v.FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return value, false
	}
	return *(*T)(f.Addr().UnsafePointer()), true
}
