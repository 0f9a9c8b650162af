package dap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/gocmd"
)

// settings are our settings in a launch configuration, under "awaittrace".
type settings struct {
	After string `json:"after"` // as -after
	Probe string `json:"probe"` // as -probe
	Deps  string `json:"deps"`  // as -deps
	Off   bool   `json:"off"`   // build without probes
}

// UnmarshalJSON rejects unknown settings, because a misspelt one would have no effect.
func (s *settings) UnmarshalJSON(b []byte) error {
	type plain settings
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode((*plain)(s)); err != nil {
		return fmt.Errorf("awaittrace: %v (want after, probe, deps or off)", err)
	}
	return nil
}

// launchArguments are the arguments that matter for the build.
type launchArguments struct {
	Mode, Program, DlvCwd, CoreFilePath string
	NoDebug                             bool
	BuildFlags                          json.RawMessage
	Env                                 map[string]*string
	Settings                            *settings `json:"awaittrace"`
}

// configure applies the settings of a launch or attach request. If they are invalid it rejects the request and returns
// false.
func (p *Proxy) configure(m *message, s *settings) bool {
	if s == nil || s.After == "" {
		return true
	}
	after, err := gocmd.After(s.After)
	if err != nil {
		p.refuse(m, fmt.Sprintf("awaittrace: after: %q must be a positive duration, such as 10s", s.After), true)
		return false
	}
	p.opt.Diagnosis.After = after
	p.program.opt = p.opt
	return true
}

// misspelt answers a request whose awaittrace settings are invalid. Delve reports all other errors.
func (p *Proxy) misspelt(m *message, err error) (forward bool) {
	if strings.HasPrefix(err.Error(), "awaittrace: ") {
		p.refuse(m, err.Error(), true)
		return false
	}
	return true
}

// launch handles the request to start a program. In the modes that build, it adds our flags to the build; Delve builds,
// reports errors, and removes what it built, as usual.
func launch(p *Proxy, m *message) bool {
	var args launchArguments
	if err := json.Unmarshal(m.Arguments, &args); err != nil {
		return p.misspelt(m, err)
	}
	if !p.configure(m, args.Settings) {
		return false
	}
	switch {
	case args.Mode == "core":
		p.program.from(coreFile(in(args.DlvCwd, args.Program), in(args.DlvCwd, args.CoreFilePath)))
	case args.Mode == "replay":
		p.program.from(unknown("the program is a recording of rr, which only Delve can read"))
	case args.NoDebug:
		p.program.from(untraced(p.opt.DelvePid))
	}
	var s settings
	if args.Settings != nil {
		s = *args.Settings
	}
	switch {
	case args.Mode != "" && args.Mode != "debug" && args.Mode != "test" || args.Program == "",
		p.build != nil, p.opt.Prepare == nil:
		return true
	case s.Off:
		p.say("building without probes, as the launch configuration says")
		return true
	}
	p.say("putting in probes")
	b, flags, err := newBuild(&args, s, p.opt)
	if err != nil {
		p.say("building without probes: " + err.Error())
		return true
	}
	p.build = b
	p.say(b.told())
	if err := addBuild(m, &args, flags, b.prepared.Env()); err != nil {
		p.say("building without probes: " + err.Error())
	}
	return true
}

// A build builds the program with probes. Its files stay for the whole session, for restarts.
type build struct {
	prepared *gocmd.Prepared
	inv      *gocmd.Invocation
	env      []string
}

// newBuild puts in the probes, and returns the flags of Delve's build.
func newBuild(args *launchArguments, s settings, opt Options) (*build, []string, error) {
	verb, own := gocmd.Build, []string(nil)
	if args.Mode == "test" {
		verb, own = gocmd.Test, []string{"-c"}
	}
	theirs, err := buildFlags(args.BuildFlags, opt.Split)
	if err != nil {
		return nil, nil, err
	}
	dir := args.DlvCwd
	switch { // go takes -C only before all others
	case len(theirs) >= 2 && theirs[0] == "-C":
		dir, theirs = in(dir, theirs[1]), theirs[2:]
	case len(theirs) >= 1 && strings.HasPrefix(theirs[0], "-C="):
		dir, theirs = in(dir, theirs[0][len("-C="):]), theirs[1:]
	}
	if dir != "" {
		own = append([]string{"-C", dir}, own...)
	}
	if s.Probe != "" {
		own = append(own, "-probe="+s.Probe)
	}
	if s.Deps != "" {
		own = append(own, "-deps="+s.Deps)
	}
	b := &build{env: os.Environ()}
	if b.inv, err = gocmd.Parse(verb, slices.Concat(own, theirs, []string{args.Program}),
		opt.Diagnosis.After); err != nil {
		return nil, nil, err
	}
	b.inv.Debugger = true
	for name, value := range args.Env {
		b.env = slices.DeleteFunc(b.env, func(e string) bool { return strings.HasPrefix(e, name+"=") })
		if value != nil {
			b.env = append(b.env, name+"="+*value)
		}
	}
	if b.prepared, err = opt.Prepare(b.inv, b.env); err != nil {
		return nil, nil, err
	}
	return b, b.prepared.Flags(), nil
}

// told returns a line about the probes that the program gets.
func (b *build) told() string {
	r := b.prepared.Result
	switch {
	case r == nil:
		return "the packages could not be loaded to put in probes; go says why"
	case len(r.Files) == 0 && len(r.Already) > 0:
		return "the source has probes already; it is built as it is"
	case len(r.Files) == 0:
		return "nothing gets a probe: no operation in the packages of the main module can wait"
	}
	n := 0
	for _, sites := range r.Sites {
		n += sites
	}
	return fmt.Sprintf("building with %d probes in %d files; type awaittrace help for the commands that show them",
		n, len(r.Files))
}

func (b *build) close() { _ = b.prepared.Close() } // a leftover is a temporary folder

// buildFlags returns the build flags of a launch request, a string or a list.
func buildFlags(value json.RawMessage, split func(string) []string) (list []string, err error) {
	var text string
	switch {
	case len(value) == 0 || string(value) == "null":
	case json.Unmarshal(value, &list) == nil:
	case json.Unmarshal(value, &text) == nil:
		list = split(text)
	default:
		err = fmt.Errorf("buildFlags is neither a string nor a list of strings: %s", value)
	}
	return list, err
}

// addBuild adds flags and variables to the arguments of a launch request. The flags keep their form, string or list, on
// which Delve depends.
func addBuild(m *message, args *launchArguments, flags, env []string) error {
	all := make(map[string]json.RawMessage)
	if err := json.Unmarshal(m.Arguments, &all); err != nil {
		return err
	}
	var list []string
	var text string
	var value any
	if len(args.BuildFlags) > 0 && json.Unmarshal(args.BuildFlags, &list) == nil && list != nil {
		value = append(list, flags...)
	} else {
		_ = json.Unmarshal(args.BuildFlags, &text) // missing or null is empty
		for _, f := range flags {
			text += " '" + strings.ReplaceAll(f, "'", `\'`) + "'"
		}
		value = strings.TrimPrefix(text, " ")
	}
	put := func(name string, v any) error {
		// Delve reads names without regard to case, and the last one wins.
		for have := range all {
			if strings.EqualFold(have, name) {
				delete(all, have)
			}
		}
		var err error
		all[name], err = encode(v)
		return err
	}
	if err := put("buildFlags", value); err != nil {
		return err
	}
	delete(all, "awaittrace")
	if len(env) > 0 {
		if args.Env == nil {
			args.Env = make(map[string]*string)
		}
		for _, e := range env {
			name, v, _ := strings.Cut(e, "=")
			args.Env[name] = &v
		}
		if err := put("env", args.Env); err != nil {
			return err
		}
	}
	return m.set("arguments", all)
}

// restart handles the request to restart the program, which Delve builds again from the present source, unless told not
// to.
func restart(p *Proxy, m *message) bool {
	var args struct {
		Arguments map[string]json.RawMessage
	}
	_ = json.Unmarshal(m.Arguments, &args) // a restart may have no arguments
	keep := string(args.Arguments["rebuild"]) == "false"
	if !keep && p.opt.Rebuild != nil && !p.rebuild(m, args.Arguments) {
		return false
	}
	p.watcher.stop()
	p.program.restarted()
	if !keep && p.build != nil {
		again, err := p.opt.Prepare(p.build.inv, p.build.env)
		if err == nil {
			err = p.build.prepared.Renew(again)
		}
		if err != nil {
			p.say("building with the probes of before: " + err.Error())
		}
	}
	return true
}

// rebuild builds the program of a server with probes, and has Delve start it. Only a launch configuration can tell
// Delve not to build. The program must be stopped: while it runs, Delve waits for every child of this process, the go
// command included.
func (p *Proxy) rebuild(m *message, config map[string]json.RawMessage) bool {
	var err error
	if p.program.started() {
		pauses(p, m)
		_, err = p.ask("pause", map[string]any{"threadId": 0})
	}
	if err == nil {
		err = p.opt.Rebuild()
	}
	if err == nil {
		if config == nil {
			config = make(map[string]json.RawMessage)
			_ = json.Unmarshal(p.attached, &config) // or else the defaults
		}
		config["request"], config["rebuild"] = json.RawMessage(`"launch"`), json.RawMessage("false")
		err = m.set("arguments", map[string]any{"arguments": config})
	}
	if err != nil {
		p.refuse(m, "Failed to restart: "+err.Error(), true)
	}
	return err == nil
}
