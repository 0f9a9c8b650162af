package reportcase

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("u", false, "renew testdata/reports/README.md")

// kinds are what the cases show.
var kinds = []struct{ name, what string }{
	{"unprobed", "waits in code that has no probes: C, system calls, libraries"},
	{"stop-case", "deadlocks in a select that a stop channel or a context would end"},
	{"pools", "WaitGroups, Conds, pools, semaphores and limits"},
	{"no-answer", "calls that get no answer"},
	{"growth", "goroutines that become more and more"},
	{"spins", "loops that get nowhere, starvation, and calls that hold threads"},
	{"false-alarms", "what others report, and nothing is wrong"},
	{"one-cause", "many goroutines, one cause: one finding, with its root first"},
	{"unsaid", "sentences that would be false, or empty"},
}

// TestTable: README.md of testdata/reports lists the cases by kind. Each kind has three at least, and healthy twins.
func TestTable(t *testing.T) {
	const testdata = "../../../testdata/"
	healthy, err := os.ReadFile(testdata + "healthy/main.go")
	if err != nil {
		t.Fatal(err)
	}
	newer, err := os.ReadFile(testdata + "healthy/go124.go")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(testdata + "reports/*/EXPECT")
	std, _ := filepath.Glob(testdata + "reports/std/*/EXPECT")
	names, twins := make(map[string][]string), make(map[string][]string)
	var rows strings.Builder
	for _, file := range append(files, std...) {
		c, err := Read(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range c.Kinds {
			names[k] = append(names[k], c.Name)
			twins[k] = append(twins[k], c.Twins...)
		}
		for _, twin := range c.Twins {
			if !strings.Contains(string(healthy), fmt.Sprintf("%q:", twin)) &&
				!strings.Contains(string(newer), fmt.Sprintf("programs[%q]", twin)) {
				t.Errorf("case %s: testdata/healthy has no program %q", c.Name, twin)
			}
		}
		if len(c.Kinds) == 0 || len(c.Twins) == 0 && !c.Runs[0].Nothing {
			t.Errorf("case %s: want a kind and a twin", c.Name)
		}
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", c.Name, strings.Join(c.Kinds, ", "), module(t, c), links(c.From))
	}
	var b strings.Builder
	b.WriteString("# Programs that reproduce public reports of hangs\n\n" +
		"Each has a file EXPECT with what the report must tell of it. Those of std need the standard library alone, " +
		"and are run by `go test ./internal/e2e -run TestReports`;\n" +
		"the others have the real module at the version that has the bug: `go run ./scripts/reports`. `go test " +
		"./internal/testing/reportcase -u` writes this file.\n\n" +
		"| kind | cases | healthy twins, in testdata/healthy |\n|---|---|---|\n")
	for _, k := range kinds {
		if len(names[k.name]) < 3 || len(twins[k.name]) == 0 && k.name != "false-alarms" {
			t.Errorf("kind %s: %d cases with %d twins, want three at least", k.name, len(names[k.name]),
				len(twins[k.name]))
		}
		slices.Sort(twins[k.name])
		fmt.Fprintf(&b, "| %s: %s | %d | %s |\n", k.name, k.what, len(names[k.name]),
			strings.Join(slices.Compact(twins[k.name]), ", "))
		delete(names, k.name)
	}
	for k := range names {
		t.Errorf("unknown kind %s of %v", k, names[k])
	}
	b.WriteString("\n| case | kinds | module | from |\n|---|---|---|---|\n" + rows.String())
	readme := testdata + "reports/README.md"
	if *update {
		if err := os.WriteFile(readme, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(readme); err != nil || string(was) != b.String() {
		t.Errorf("%s is not as the cases say, renew it with -u: %v", readme, err)
	}
}

var required = regexp.MustCompile(`(?m)^(?:require )?\t?(\S+\.\S+ v\S+)$`)

// module returns the first module that a case requires: the one that has the bug.
func module(t *testing.T, c *Case) string {
	if filepath.Base(filepath.Dir(c.Dir)) == "std" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if m := required.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

var (
	reference = regexp.MustCompile(`([\w.-]+/[\w.-]+) #(\d+)((?:, #\d+)*)`)
	further   = regexp.MustCompile(`#(\d+)`)
	address   = regexp.MustCompile(`https://github.com/([\w.-]+/[\w.-]+)/(issues|pull)/(\d+)`)
)

// links makes references such as owner/name #7, #8 links.
func links(from string) string {
	from = address.ReplaceAllString(from, "[$1 #$3]($0)")
	return reference.ReplaceAllStringFunc(from, func(s string) string {
		if strings.Contains(from, "["+s+"](") {
			return s
		}
		m := reference.FindStringSubmatch(s)
		issues := "https://github.com/" + m[1] + "/issues/"
		return fmt.Sprintf("[%s #%s](%s%s)%s", m[1], m[2], issues, m[2],
			further.ReplaceAllString(m[3], "[#$1]("+issues+"$1)"))
	})
}
