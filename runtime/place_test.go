package runtime_test

import (
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
)

func TestLocal(t *testing.T) {
	for name, want := range map[string]bool{
		"_atR4": true, "_at2K12": true, "_at13V0": true, "_atT": true, "_at2T": true,
		"_at": false, "_at2": false, "_atR": false, "_atR4x": false, "_atT4": false, "_atS1a2b": false,
		"_attempt": false, "at": false, "": false, "_atX4": false,
	} {
		if got := runtime.Local(name); got != want {
			t.Errorf("Local(%q) = %t", name, got)
		}
	}
}
