package gocmd

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/rewrite"
)

func TestParse(t *testing.T) {
	tests := []struct {
		verb Verb
		args string
		want Invocation // without Verb and Options.After
	}{
		{Build, "", Invocation{}},
		{Build, "-race -o=x ./...", Invocation{
			GoArgs: []string{"-race", "-o=x", "./..."}, ListFlags: []string{"-race=true"}, Packages: []string{"./..."},
		}},
		{Build, "--tags a,b -probe chan,lock --probe-func=a.B -probe-func c.D.E x y", Invocation{
			Options: Options{Probes: rewrite.ProbeChan | rewrite.ProbeLock, ProbeFuncs: []string{"a.B", "c.D.E"}},
			GoArgs:  []string{"--tags", "a,b", "x", "y"}, ListFlags: []string{"-tags=a,b"},
			Packages: []string{"x", "y"},
		}},
		{Build, "-probe io -C sub -mod=mod .", Invocation{
			Options: Options{Probes: rewrite.ProbeIO},
			Dir:     "sub", GoArgs: []string{"-mod=mod", "."}, ListFlags: []string{"-mod=mod"}, Packages: []string{"."},
		}},
		{Build, "-ldflags -s -- .", Invocation{GoArgs: []string{"-ldflags", "-s", "."}, Packages: []string{"."}}},
		{Run, "-race . -race -probe x", Invocation{
			GoArgs: []string{"-race"}, ListFlags: []string{"-race=true"}, Packages: []string{"."},
			Args: []string{"-race", "-probe", "x"},
		}},
		{Run, "a.go b.go c -- d.go", Invocation{Packages: []string{"a.go", "b.go"}, Args: []string{"c", "--", "d.go"}}},
		{Run, "-exec nice -x ./cmd -x",
			Invocation{GoArgs: []string{"-x"}, Packages: []string{"./cmd"}, Args: []string{"-x"}}},
		{Run, "-no-source . -no-source",
			Invocation{Options: Options{NoSource: true}, Packages: []string{"."}, Args: []string{"-no-source"}}},
		{Test, "-known-update -known f --no-source=1",
			Invocation{Options: Options{NoSource: true, Known: "f", KnownUpdate: true}}},
		{Test, "-no-source=false", Invocation{}},
		{Test, "-c -after 5s -no-source", Invocation{Options: Options{NoSource: true}, GoArgs: []string{"-c"}}},
		{Test, "-lock-order -c=false -list=", Invocation{
			Options: Options{LockOrder: true}, GoArgs: []string{"-c=false", "-list="},
		}},
		{Test, "-run X ./... -probe chan -v", Invocation{
			Options: Options{Probes: rewrite.ProbeChan}, GoArgs: []string{"-run", "X", "./...", "-v"},
			Packages: []string{"./..."},
		}},
		{Test, "-test.v -json -myflag testdata -cpuprofile=prof.out -x", Invocation{
			GoArgs: []string{"-test.v", "-json", "-myflag", "testdata", "-cpuprofile=prof.out", "-x"},
		}},
		{Test, "a -my b c -probe d", Invocation{ // c is no flag's value: all after it is for the test
			GoArgs: []string{"a", "-my", "b", "c", "-probe", "d"}, Packages: []string{"a"},
		}},
		{Test, "-args math -probe x", Invocation{GoArgs: []string{"-args", "math", "-probe", "x"}}},
		{Test, "a -- -probe x", Invocation{GoArgs: []string{"a", "--", "-probe", "x"}, Packages: []string{"a"}}},
		{Test, "-count 1 a b -race c", Invocation{
			GoArgs: []string{"-count", "1", "a", "b", "-race", "c"}, ListFlags: []string{"-race=true"},
			Packages: []string{"a", "b"},
		}},
	}
	for _, test := range tests {
		got, err := Parse(test.verb, strings.Fields(test.args), 5*time.Second)
		if err != nil {
			t.Errorf("%s %s: %v", test.verb, test.args, err)
			continue
		}
		test.want.Verb, test.want.Options.After = test.verb, 5*time.Second
		if test.want.Options.Probes == 0 {
			test.want.Options.Probes = rewrite.DefaultProbes
		}
		got.values = nil
		for _, list := range []*[]string{&got.GoArgs, &got.ListFlags, &got.Packages, &got.Args} {
			if len(*list) == 0 {
				*list = nil
			}
		}
		if !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s %s:\ngot  %+v\nwant %+v", test.verb, test.args, *got, test.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		verb       Verb
		args, want string
	}{
		{Build, "-nope", "flag provided but not defined: -nope"},
		{Build, "-run X", "flag provided but not defined: -run"},
		{Run, "---x .", "bad flag syntax: ---x"},
		{Run, "", "no package"},
		{Run, "-race", "no package"},
		{Run, "-- -x", "no package"},
		{Build, "-o", "flag needs an argument: -o"},
		{Test, "-probe", "flag needs an argument: -probe"},
		{Build, "-race -C x", "-C flag must be first"},
		{Run, "-probe locks .", `-probe: unknown kind "locks"`},
		{Build, "-after soon", `invalid -after "soon"`},
		{Build, "-after -3s", "must be positive"},
		{Build, "-lock-order .", "flag provided but not defined: -lock-order"},
		{Run, "-lock-order=perhaps .", `invalid -lock-order "perhaps" (want true or false)`},
		{Test, "-known-update=x", `invalid -known-update "x" (want true or false)`},
		{Test, "-c -junit f", "-junit is about tests that run, and with -c none does"},
		{Test, "-sarif f -html g -test.list . .", "-html is about tests that run, and with -list none does"},
		{Test, "-c -known f", "-known is"},
		{Test, "-c -known f -known-update", "-known is"},
		{Test, "-list=. -lock-order", "-lock-order is"},
		{Instrument, "-w -cover", "-cover has no meaning for source"},
		{Run, "example.com/x@latest", "clone its module"},
	}
	for _, test := range tests {
		_, err := Parse(test.verb, strings.Fields(test.args), time.Second)
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got error %v, want one with %q", test.verb, test.args, err, test.want)
		}
	}
	for _, help := range []string{"-h", "--help", "-race -help", "-cover=false -h"} {
		if _, err := Parse(Test, strings.Fields(help), time.Second); err != ErrHelp {
			t.Errorf("test %s: got error %v, want ErrHelp", help, err)
		}
	}
}

func TestLockOrder(t *testing.T) {
	for args, want := range map[string]bool{".": false, "-lock-order .": true, "--lock-order=true -race .": true,
		"-lock-order -lock-order=0 .": false} {
		for _, verb := range []Verb{Run, Test} {
			inv, err := Parse(verb, strings.Fields(args), time.Second)
			if err != nil || inv.Options.LockOrder != want || slices.Contains(inv.GoArgs, "-lock-order") {
				t.Errorf("%s %s: %v, go's arguments %q, %v; want %v", verb, args, inv.Options.LockOrder, inv.GoArgs,
					err, want)
			}
		}
	}
}

func TestValues(t *testing.T) {
	inv, err := Parse(Build, strings.Fields("-n -race=false -o a -o=b -x=1"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"n": true, "race": false, "x": true, "v": false} {
		if inv.Bool(name) != want {
			t.Errorf("-%s is %t", name, inv.Bool(name))
		}
	}
	if got := inv.Value("o"); got != "b" {
		t.Errorf("-o is %q, want the last one", got)
	}
}

func TestAfter(t *testing.T) {
	for env, want := range map[string]time.Duration{"": DefaultAfter, "1m": time.Minute,
		"500ms": 500 * time.Millisecond, "0": 0, "x": 0} {
		got, err := After(env)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("After(%q) = %v, %v", env, got, err)
		}
	}
}
