package dap

import (
	"strings"
	"testing"
)

// The variables that a probe needs are not the user's.
func TestHideLocals(t *testing.T) {
	text := []byte(`{"type":"response","success":true,"body":{"variables":[{"name":"_atR4","value":"1"},{"name":"q","value":"2"},{"name":"_at","value":"3"},{"name":"_at2K12","value":"4"}]}}`)
	m, ok := parse(frame(text), text)
	if !ok {
		t.Fatalf("no message: %s", text)
	}
	hideLocals(&Proxy{}, nil, m)
	got := string(m.raw)
	for name, want := range map[string]bool{`"q"`: true, `"_at"`: true, "_atR4": false, "_at2K12": false} {
		if strings.Contains(got, name) != want {
			t.Errorf("%s is there: %t\n%s", name, !want, got)
		}
	}
}
