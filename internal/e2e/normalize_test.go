package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// normalize removes from a report what differs between two runs, two machines and two versions of Go, and nothing else.
// Goroutines are numbered by what they do, addresses by their first appearance. Of times only their presence remains.
// Frames of the standard library are left out.
func normalize(t *testing.T, text []byte) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	n := &normalizer{goroutines: numbers(doc), addrs: make(map[string]string)}

	n.object(doc)
	sortGoroutines(doc)
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		t.Fatal(err)
	}
	return renumber(out.Bytes())
}

// A normalizer has the new names.
type normalizer struct {
	goroutines map[string]int    // the number of a goroutine by its id
	addrs      map[string]string // the name of an address
}

// numbers numbers the goroutines. The main one is 1, and the others follow in the order of what they do. Of those that
// do the same, the root of a finding is first, and then the IDs decide. Goroutines that have exited have no number
// before they are met.
func numbers(doc map[string]any) map[string]int {
	roots := make(map[string]bool)
	for _, f := range objects(doc["findings"]) {
		roots[fmt.Sprint(f["root"])] = true
	}
	type entry struct{ id, key string }
	var list []entry
	for _, g := range objects(doc["goroutines"]) {
		id := fmt.Sprint(g["id"])
		if id != "1" {
			list = append(list, entry{id, fmt.Sprint(place(g["probe"]), " ", holdPlaces(g), " ", g["verdict"], " ",
				place(g["created_by"]), " ", !roots[id])})
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
	})
	numbers := map[string]int{"1": 1, "0": 0}
	for _, e := range list {
		numbers[e.id] = len(numbers)
	}
	return numbers
}

// objects returns the JSON objects of an array.
func objects(v any) (list []map[string]any) {
	array, _ := v.([]any)
	for _, x := range array {
		if m, ok := x.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

func place(probe any) string {
	p, _ := probe.(map[string]any)
	return fmt.Sprintf("%v:%5v:%3v", p["file"], p["line"], p["col"])
}

func holdPlaces(g map[string]any) (list []string) {
	for _, h := range objects(g["holds"]) {
		list = append(list, place(h["probe"]))
	}
	return list
}

func (n *normalizer) number(id any) any {
	key := fmt.Sprint(id)
	if _, ok := n.goroutines[key]; !ok {
		n.goroutines[key] = len(n.goroutines)
	}
	return n.goroutines[key]
}

// object normalizes the fields of an object, in the order of their names.
func (n *normalizer) object(m map[string]any) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		m[k] = n.field(k, m[k])
	}
	if file, _ := m["file"].(string); strings.HasPrefix(file, "$GOROOT/") { // versions of Go differ in the place
		m["line"] = "LINE"
		if fn, ok := m["func"].(string); ok {
			m["func"] = reClosure.ReplaceAllString(fn, "")
		}
	}
	if _, isGoroutine := m["verdict"]; isGoroutine {
		m["stack"] = ownFrames(m["stack"], m["state"] == "running")
	}
}

func (n *normalizer) field(key string, v any) any {
	switch key {
	case "pid", "go", "started", "taken", "thread":
		return strings.ToUpper(key)
	case "args":
		return "ARGS"
	case "since_ns", "ago_ns", "stopped_for_ns":
		return "TIME"
	case "unsent_bytes", "unread_bytes", "kept_bytes":
		if f, ok := v.(float64); ok && f > 0 {
			return "SOME"
		}
	case "local", "remote":
		return "ADDRESS"
	case "id", "goroutine", "root":
		return n.number(v)
	case "state":
		if v == "runnable" {
			return "running"
		}
	}
	switch v := v.(type) {
	case map[string]any:
		n.object(v)
	case []any:
		for i := range v {
			v[i] = n.element(key, v[i])
		}
	case string:
		return n.text(key, v)
	}
	return v
}

func (n *normalizer) element(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		n.object(v)
	case float64:
		if key == "goroutines" {
			return n.number(v)
		}
	case string:
		return n.text(key, v)
	}
	return v
}

var (
	reGoroutine = regexp.MustCompile(`\b([Gg]oroutines?) (\d+)((?:(?:, | and )\d+)*)`)
	reNumber    = regexp.MustCompile(`\d+`)
	reAddr      = regexp.MustCompile(`0x[0-9a-f]{6,}`)
	reDuration  = regexp.MustCompile(`\b\d+(?:\.\d+)?(?:ns|µs|ms|s|m\d+s|h\d+m)\b`)
	reRunning   = regexp.MustCompile(`(is running at|computes at) \S+ \([^)]*\)`)
	reEndpoint  = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	reBytes     = regexp.MustCompile(`\b[\d,.]+ (bytes|[KM]i?B)\b`)
	rePid       = regexp.MustCompile(`\b(pid|process|report|fd|thread) \d+\b`)
	// The text is there only if the goroutine stayed on one thread.
	reUsed    = regexp.MustCompile(`; its thread, \d+, has used \S+ of processor time`)
	reClosure = regexp.MustCompile(`\.func[\d.]+$`)
	reTemp    = regexp.MustCompile(`/tmp/[^ ,:"']*/`)
)

// text normalizes paths and texts for people.
func (n *normalizer) text(key, v string) string {
	if key == "exe" || key == "path" {
		return filepath.Base(v)
	}
	v = strings.ReplaceAll(v, filepath.Dir(testdata), "$REPO")
	v = strings.ReplaceAll(v, runtime.GOROOT(), "$GOROOT") //lint:ignore SA1019 the test runs where it was built
	v = reGoroutine.ReplaceAllStringFunc(v, func(s string) string {
		return reNumber.ReplaceAllStringFunc(s, func(id string) string { return fmt.Sprint(n.number(id)) })
	})
	v = reAddr.ReplaceAllStringFunc(v, func(a string) string {
		if n.addrs[a] == "" {
			n.addrs[a] = fmt.Sprintf("ADDR%03d", len(n.addrs)+1)
		}
		return n.addrs[a]
	})
	v = reUsed.ReplaceAllString(v, "")
	v = reTemp.ReplaceAllString(v, "$$TMP/")
	v = strings.ReplaceAll(reDuration.ReplaceAllString(v, "TIME"), "TIME to TIME", "TIME")
	v = reRunning.ReplaceAllString(v, "$1 PLACE")
	v = strings.ReplaceAll(v, "is running;", "is running at PLACE;") // its place is not always known
	v = reEndpoint.ReplaceAllString(v, "ADDRESS")
	v = reBytes.ReplaceAllString(v, "SOME $1")
	return rePid.ReplaceAllString(v, "$1 N")
}

// renumber numbers addresses in the order of the finished text.
func renumber(text []byte) []byte {
	names := make(map[string]string)
	return regexp.MustCompile(`ADDR\d{3,}`).ReplaceAllFunc(text, func(old []byte) []byte {
		if names[string(old)] == "" {
			names[string(old)] = fmt.Sprintf("addr%d", len(names)+1)
		}
		return []byte(names[string(old)])
	})
}

// ownFrames returns the frames outside the standard library. The innermost one of a running goroutine is at another
// line each time.
func ownFrames(stack any, running bool) any {
	own := []any{}
	for _, f := range objects(stack) {
		if file, _ := f["file"].(string); strings.HasPrefix(file, "$GOROOT/") {
			continue
		}
		if running && len(own) == 0 {
			f["line"] = "LINE"
		}
		own = append(own, f)
	}
	return own
}

// sortGoroutines sorts by the new numbers what was sorted by the old ones.
func sortGoroutines(doc map[string]any) {
	if list, ok := doc["goroutines"].([]any); ok {
		slices.SortStableFunc(list, func(a, b any) int {
			return a.(map[string]any)["id"].(int) - b.(map[string]any)["id"].(int)
		})
		shareStacks(list)
	}
	for _, f := range objects(doc["findings"]) {
		if list, ok := f["goroutines"].([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return a.(int) - b.(int) })
		}
	}
}

// shareStacks keeps the stack of only one of the goroutines that wait at the same place, because not all are read.
func shareStacks(list []any) {
	seen := make(map[string]map[string]any)
	for _, x := range list {
		g := x.(map[string]any)
		if g["probe"] == nil {
			continue
		}
		at := place(g["probe"])
		if first := seen[at]; first == nil {
			seen[at] = g
			continue
		} else if stack, ok := first["stack"].([]any); ok && len(stack) == 0 {
			first["stack"] = g["stack"]
		}
		delete(g, "stack")
	}
}
