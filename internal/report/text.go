package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// TextOptions say how Text writes a report.
type TextOptions struct {
	// Color permits escape sequences for colour.
	Color bool
	// All also lists healthy goroutines.
	All bool
	// By groups goroutines by the values of this profiler label; empty means no groups.
	By string
	// Verbose folds nothing: it writes whole lists, whole stacks, and possible findings like the others.
	Verbose bool
	// Source reads a source file, for the line at the root of a finding; nil leaves the lines out.
	Source func(name string) ([]byte, error)
	// OneTest leaves out the name of the test, because all findings are about the same.
	OneTest bool
	// Name is the argument by which commands find the program: its pid, or the file of its record. Empty means that
	// there is nothing more to see.
	Name string
}

// Text writes r to w for people: the verdict, the findings, worst first, and how to see more. r.Options.Path shortens
// paths, as in the findings.
func Text(w io.Writer, r *diagnose.Report, opt TextOptions) error {
	t := newText(w, r, opt)
	t.line("%s", t.paint(t.verdictColor(), Verdict(r)))
	t.line("%s", t.process())
	for _, note := range t.notes() {
		t.line("%s", note)
	}
	for i := range r.Findings {
		if !r.Doubtful(&r.Findings[i]) {
			t.line("")
			t.finding(&r.Findings[i])
		}
	}
	t.doubts()
	t.lockOrders()
	if opt.By != "" {
		t.groups()
	}
	if opt.All || t.s.NoProbes != "" { // without probes it is all there is
		t.others()
	}
	t.dig()
	return t.Flush()
}

// Verdict returns the answer in one line.
func Verdict(r *diagnose.Report) string {
	n := len(r.Snapshot.Goroutines)
	all := "goroutines"
	if n == 1 {
		all = "goroutine"
	}
	bad, may := r.Bad(), possible(r)
	if r.Snapshot.NoProbes != "" && bad+may == 0 {
		return fmt.Sprintf("it is not known whether anything is stuck, only where the %d %s are", n, all)
	}
	switch {
	case bad == 0 && may == 1:
		return fmt.Sprintf("1 of %d %s may be stuck: it is hard to see who should end its wait", n, all)
	case bad == 0 && may > 1:
		return fmt.Sprintf("%d of %d %s may be stuck: it is hard to see who should end their waits", may, n, all)
	case bad == 0:
		return fmt.Sprintf("nothing is stuck: of %d %s, %s", n, all, counts(r.Counts, healthy))
	}
	is := "are"
	switch {
	case bad == 1:
		is = "is"
	}
	if !slices.ContainsFunc(r.Findings, func(f diagnose.Finding) bool { return f.Certainty != diagnose.Possible }) {
		is = "may be"
	}
	return fmt.Sprintf("%d of %d %s %s stuck: %s", bad, n, all, is, counts(r.Counts, sick))
}

// possible counts the goroutines of findings that are only possible.
func possible(r *diagnose.Report) int {
	n := 0
	for i := range r.Findings {
		if r.Doubtful(&r.Findings[i]) {
			n += len(r.Findings[i].Goroutines)
		}
	}
	return n
}

// A phrase says in words that goroutines have a verdict.
type phrase struct {
	verdict diagnose.Verdict
	words   string
}

var sick = []phrase{
	{diagnose.Deadlock, "in a deadlock"}, {diagnose.Orphaned, "waiting for what a goroutine owed that has exited"},
	{diagnose.Leaked, "waiting for what can never come"}, {diagnose.Stuck, "waiting for too long"},
	{diagnose.Busy, "computing for too long"},
}

var healthy = []phrase{{diagnose.Idle, "idle"}, {diagnose.OK, "going on"}}

// counts returns "2 in a deadlock, 1 waiting for too long".
func counts(of map[diagnose.Verdict]int, phrases []phrase) string {
	var parts []string
	for _, p := range phrases {
		if n := of[p.verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, p.words))
		}
	}
	if len(parts) == 0 {
		return "none has reached a probe"
	}
	return strings.Join(parts, ", ")
}

// A text is a report while it is written.
type text struct {
	strings.Builder
	r    *diagnose.Report
	s    *snapshot.Snapshot
	opt  TextOptions
	to   io.Writer
	mark string // begins the placeholder of an escape sequence, see escape
}

func newText(w io.Writer, r *diagnose.Report, opt TextOptions) *text {
	return &text{r: r, s: r.Snapshot, opt: opt, to: w, mark: fmt.Sprintf("\x00%x;", rand.Uint64())}
}

// Flush writes the text to its writer.
func (t *text) Flush() error {
	_, err := io.WriteString(t.to, t.finish(t.String()))
	return err
}

// line writes one line: a newline in a name does not begin another.
func (t *text) line(format string, args ...any) {
	t.WriteString(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\uFFFD"))
	t.WriteByte('\n')
}

// process returns a line about the program.
func (t *text) process() string {
	p := &t.s.Process
	name := filepath.Base(p.Exe)
	if p.Exe == "" {
		name = "unknown program"
	}
	if p.State == "dump" {
		return "a goroutine dump"
	}
	facts := []string{fmt.Sprintf("pid %d", p.Pid)}
	if p.Container != "" {
		facts = append(facts, "container "+p.Container)
	}
	if p.Go != "" {
		facts = append(facts, p.Go)
	}
	age := ""
	if d := time.Duration(p.TakenWall - p.StartWall); p.StartWall != 0 && d > 0 {
		age = diagnose.Duration(d)
	}
	switch p.State {
	case "live", "stopped", "core":
		facts = append(facts, p.State)
		if age != "" {
			facts = append(facts, "up "+age)
		}
	default:
		facts = append(facts, p.State)
		if age != "" && p.Unwatched {
			facts = append(facts, "last heard of after "+age)
		} else if age != "" {
			facts = append(facts, "after "+age)
		}
	}
	if p.StoppedFor > 0 {
		facts = append(facts, "stood still for "+diagnose.Duration(time.Duration(p.StoppedFor)))
	}
	return name + " (" + strings.Join(facts, ", ") + ")"
}

// worthTelling is how many bytes goroutines must keep alive for the text to mention it: any stack keeps some.
const worthTelling = 64 << 10

// notes returns facts about the whole program, and what makes the report incomplete, a line each.
func (t *text) notes() []string {
	var notes []string
	if m := t.s.Memory; m != nil && m.KeptBytes >= worthTelling {
		notes = append(notes, fmt.Sprintf("what can never go on keeps %s alive", diagnose.Bytes(m.KeptBytes)))
	}
	if t.s.Process.Doubt != "" {
		notes = append(notes, "not trusted: "+t.s.Process.Doubt)
	}
	if why := t.s.Process.Unkept; why != "" {
		notes = append(notes, "its record is in memory and ends with it: "+why)
	}
	if t.s.Process.Off != "" {
		notes = append(notes, "its probes are off: "+t.s.Process.Off)
	}
	if t.s.Process.Unwatched {
		notes = append(notes, "nobody saw when it ended: what waited then may have waited for longer than is said here")
	}
	looked := t.s.Process.Looked
	ended := t.s.Process.State != "live" && t.s.Process.State != "stopped"
	if looked != 0 {
		what := "what is proven was proven by"
		if ended {
			what = "states and stacks are those of"
		}
		before := diagnose.Duration(time.Duration(ago(t.s, looked)))
		notes = append(notes, fmt.Sprintf("%s a look at it %s before", what, before))
	}
	if t.s.NoProbes != "" {
		notes = append(notes, "no probes: "+t.s.NoProbes)
	}
	if m := t.s.Memory; m != nil && m.NoProof != "" && t.s.HasStates {
		notes = append(notes, "no proofs: "+m.NoProof)
	}
	if t.s.NoStates != "" && !(ended && looked != 0) { // those of the look serve
		notes = append(notes, "no states and stacks: "+t.s.NoStates)
	}
	for _, what := range slices.Sorted(maps.Keys(t.s.Dropped)) {
		notes = append(notes, fmt.Sprintf("incomplete: %d %s", t.s.Dropped[what], what))
	}
	return notes
}

func (t *text) finding(f *diagnose.Finding) {
	told := make(map[string]bool)
	t.line("%s %s", t.paint(colorOf(f), string(f.Kind)+":"), t.paint(bold, t.label(f.Title, told))+certainty(f))
	t.source(f)
	for _, why := range f.Why {
		if !strings.HasPrefix(f.Title, why) { // the title says this already, of a wait of one goroutine
			t.line("    %s", t.label(why, told))
		}
	}
	if len(f.Goroutines) > 1 {
		t.line("    goroutines: %s", t.list(f.Goroutines))
		t.otherLabels(f, told)
	}
	if f.KeptBytes >= worthTelling {
		t.line("    kept alive: %s that nothing else uses", diagnose.Bytes(f.KeptBytes))
	}
	if tests := Tests(t.s, f); len(tests) > 0 && !t.opt.OneTest {
		t.line("    of: %s", strings.Join(tests, ", "))
	}
	t.stack(f)
	if f.Fix != "" {
		t.line("    %s %s", t.paint(green, "fix:"), f.Fix)
	}
}

// maxDoubts bounds the possible findings in a text.
const maxDoubts = 10

// doubts writes the possible findings, those with most goroutines first: a line each and how many more there are, or
// whole with Verbose.
func (t *text) doubts() {
	var list []*diagnose.Finding
	for i := range t.r.Findings {
		if f := &t.r.Findings[i]; t.r.Doubtful(f) && f.Kind != diagnose.KindLockOrder {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b *diagnose.Finding) int { return len(b.Goroutines) - len(a.Goroutines) })
	if t.opt.Verbose {
		for _, f := range list {
			t.line("")
			t.finding(f)
		}
		return
	}
	t.line("")
	t.line("%s", t.paint(bold, "may be stuck:"))
	for _, f := range list[:min(maxDoubts, len(list))] {
		t.line("    %s", t.label(f.Title, make(map[string]bool)))
	}
	if n := len(list) - maxDoubts; n > 0 {
		t.line("    and %d more such places", n)
	}
}

// lockOrders writes the findings about orders of locks whole, because the user asked for them.
func (t *text) lockOrders() {
	for _, f := range LockOrders(t.r) {
		t.line("")
		t.finding(&f)
	}
}

// certainty returns how certain f is, in brackets, or "" if it is certain.
func certainty(f *diagnose.Finding) string {
	if f.Certainty == diagnose.Certain {
		return ""
	}
	return " (" + string(f.Certainty) + ")"
}

// room bounds a list: by n, or not at all with Verbose.
func (t *text) room(n int) int {
	if t.opt.Verbose {
		return math.MaxInt
	}
	return n
}

// list returns goroutines, as many as fit into a line, and how many are left out.
func (t *text) list(ids []int64) string {
	shown := ids[:min(t.room(10), len(ids))]
	var parts []string
	for _, id := range shown {
		parts = append(parts, strconv.FormatInt(id, 10))
	}
	s := strings.Join(parts, ", ")
	if n := len(ids) - len(shown); n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// root returns the goroutine that leads a finding, or nil.
func (t *text) root(f *diagnose.Finding) *snapshot.Goroutine {
	id := f.Root
	if id == 0 && len(f.Goroutines) > 0 {
		id = f.Goroutines[0]
	}
	if i, ok := t.s.Find(id); ok {
		return &t.s.Goroutines[i]
	}
	return nil
}

// stack writes the stack of the root of f: the user's own functions and the number of others, or all with Verbose.
func (t *text) stack(f *diagnose.Finding) {
	g := t.root(f)
	if g == nil {
		return
	}
	var frames []string
	own := 0
	for _, fr := range g.Stack {
		is := diagnose.Own(fr.Func, fr.File)
		if is {
			own++
		}
		if is || t.opt.Verbose {
			frames = append(frames, fmt.Sprintf("%s at %s:%d", diagnose.ShortFunc(fr.Func), t.path(fr.File), fr.Line))
		}
	}
	if len(frames) < 2 { // its place was named already
		return
	}
	shown := frames[:min(t.room(8), len(frames))]
	t.line("    goroutine %d is in:", g.ID)
	for _, l := range shown {
		t.line("        %s", l)
	}
	if n := len(frames) - len(shown); n > 0 {
		t.line("        … called from %d more", n)
	}
	if library := len(g.Stack) - own; library > 0 && !t.opt.Verbose {
		t.line("        (and in %d of the runtime and of libraries)", library)
	}
}

func (t *text) path(file string) string {
	if t.r.Options.Path != nil {
		return t.r.Options.Path(file)
	}
	return file
}

// dig writes how to see more.
func (t *text) dig() {
	if t.opt.Name == "" || t.s.NoProbes != "" {
		return
	}
	hidden := t.r.Counts[diagnose.Idle] + t.r.Counts[diagnose.OK]
	t.line("")
	if hidden > 0 && !t.opt.All {
		what := counts(t.r.Counts, healthy)
		t.line("%s not shown; see them with awaittrace report -all %s, and stacks and history with -f json", what,
			t.opt.Name)
		return
	}
	t.line("stacks, held locks and history of every goroutine: awaittrace report -f json %s", t.opt.Name)
}
