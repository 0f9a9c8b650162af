package gocmd

import "testing"

func TestDidYouMean(t *testing.T) {
	verbs := []string{"run", "build", "test", "report", "revert", "ps", "top"}
	for _, tt := range []struct{ name, want string }{
		{"biuld", "build"},
		{"rpeort", "report"},
		{"repot", "report"},
		{"tests", "test"},
		{"rn", "run"},
		{"pss", "ps"},
		{"", ""},
		{"frobnicate", ""},
		{"xy", ""},
		{"x", ""},
	} {
		want := ""
		if tt.want != "" {
			want = "; did you mean " + tt.want + "?"
		}
		if got := DidYouMean(tt.name, verbs); got != want {
			t.Errorf("%q: %q, want %q", tt.name, got, want)
		}
	}
}
