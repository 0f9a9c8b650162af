package gocmd

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// helpFlags returns the flags that `go help TOPIC` lists, by name, and whether they take a value.
func helpFlags(t *testing.T, topic string) map[string]bool {
	t.Helper()
	out, err := exec.Command("go", "help", topic).Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t-([\w.]+)( \S.*)?$`).FindAllStringSubmatch(string(out), -1) {
		flags[m[1]] = m[2] != ""
	}
	usage, _, _ := strings.Cut(string(out), "\n") // -o of build and -exec of run stand there alone
	for _, m := range regexp.MustCompile(`\[-(\w+) \w+\]`).FindAllStringSubmatch(usage, -1) {
		flags[m[1]] = true
	}
	if len(flags) == 0 {
		t.Fatalf("go help %s: found no flags; has its format changed?", topic)
	}
	delete(flags, "args") // the end of the flags, not a flag
	return flags
}

// topics are the help texts that tell the flags of a verb.
var topics = map[Verb][]string{
	Build: {"build"},
	Run:   {"build", "run"},
	Test:  {"build", "test", "testflag"},
}

func TestFlagTableMatchesHelp(t *testing.T) {
	for verb, topics := range topics {
		documented := map[string]bool{}
		for _, topic := range topics {
			for name, value := range helpFlags(t, topic) {
				if topic == "build" && name == "o" && verb == Run {
					continue // of go build alone
				}
				documented[name] = value
			}
		}
		for name, value := range documented {
			f := lookup(verb, name)
			switch {
			case f == nil:
				t.Errorf("go %s has a flag -%s, the table has not", verb, name)
			case f.value != value:
				t.Errorf("go %s -%s: the table says value %t, the help says %t", verb, name, f.value, value)
			}
		}
		for _, f := range goFlags {
			if _, ok := documented[f.name]; !ok && !f.hidden && f.verbs&verb.set() != 0 {
				t.Errorf("go %s: the table has -%s, the help has not", verb, f.name)
			}
		}
	}
}

// TestOursAreNotGos checks that no flag of ours has a name that the go command owns, with any verb.
func TestOursAreNotGos(t *testing.T) {
	for _, name := range ourFlags {
		for verb := range topics {
			if lookup(verb, name) != nil {
				t.Errorf("-%s is a flag of go %s", name, verb)
			}
		}
	}
	if slices.Contains(ourFlags, "v") {
		t.Error("-v is a flag of go build")
	}
}

// TestPrefixed checks which flags go test also accepts as -test.NAME, against the go command itself.
func TestPrefixed(t *testing.T) {
	for _, name := range []string{"run", "v", "count", "timeout", "coverprofile"} {
		if lookup(Test, "test."+name) == nil {
			t.Errorf("-test.%s is unknown", name)
		}
	}
	for _, name := range []string{"test.vet", "test.race", "test.test.run"} {
		if lookup(Test, name) != nil {
			t.Errorf("-%s is no flag of go test", name)
		}
	}
	if lookup(Build, "test.v") != nil {
		t.Error("-test.v is no flag of go build")
	}
}
