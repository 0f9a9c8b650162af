package reportcase

import (
	"slices"
	"strings"
)

// An About is what a report says of a place.
type About struct {
	Named bool // its text has the place
	// Told is the certainty of the surest finding with its root at the place, or that names it; empty: none does.
	Told string
	// Ends says that the report tells who could end the wait of a goroutine that is there, or that nothing can.
	Ends bool
}

// certainties are those of findings, the surest first.
var certainties = []string{"certain", "likely", "possible"}

// About returns what the report says of a place, such as main.go:12.
func (r *Report) About(at string) (About, error) {
	d, err := parse(r.JSON)
	if err != nil {
		return About{}, err
	}
	a := About{Named: HasPlace(r.Text, at)}
	best := len(certainties)
	for _, f := range d.Findings {
		if !f.rootAt(at) && !HasPlace(f.text, at) {
			continue
		}
		if i := slices.Index(certainties, f.Certainty); i >= 0 && i < best {
			best, a.Told = i, f.Certainty
		}
		a.Ends = a.Ends || f.Proof != "" || f.Kind == "deadlock"
	}
	for _, g := range d.Goroutines {
		if slices.ContainsFunc(g.places(), func(p string) bool { return strings.HasSuffix(p, "/"+at) }) {
			a.Ends = a.Ends || len(g.CouldEnd) > 0 || len(g.WaitsOn.Holders) > 0
		}
	}
	return a, nil
}

// Findings returns how many findings of the report are certain or likely.
func (r *Report) Findings() (n int, err error) {
	d, err := parse(r.JSON)
	if err != nil {
		return 0, err
	}
	for _, f := range d.Findings {
		if f.counts() {
			n++
		}
	}
	return n, nil
}

// HasPlace reports whether text has a place such as main.go:12, and not only main.go:123.
func HasPlace(text, at string) bool {
	for {
		_, rest, ok := strings.Cut(text, "/"+at)
		if !ok {
			return false
		}
		if rest == "" || rest[0] < '0' || rest[0] > '9' {
			return true
		}
		text = rest
	}
}
