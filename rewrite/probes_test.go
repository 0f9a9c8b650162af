package rewrite

import "testing"

func TestParseProbes(t *testing.T) {
	for list, want := range map[string]string{
		"chan":            "chan",
		"sleep, lock":     "lock,sleep",
		"all":             "chan,lock,io,sync,sleep",
		"all,loop":        "chan,lock,io,sync,sleep,loop",
		"io,io,sync,chan": "chan,io,sync",
	} {
		set, err := ParseProbes(list)
		if err != nil || set.String() != want {
			t.Errorf("%q: got %q, %v, want %q", list, set, err, want)
		}
	}
	for _, list := range []string{"", "chan,", "mutex", "CHAN"} {
		if set, err := ParseProbes(list); err == nil {
			t.Errorf("%q: got %q, want an error", list, set)
		}
	}
}
