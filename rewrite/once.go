package rewrite

import "github.com/awaittrace/awaittrace/runtime"

// onceMethods: Do waits for another goroutine that is in it, and is itself what others wait for.
var onceMethods = map[string]method{
	"Once.Do": {"OnceDo", runtime.OpOnce, runtime.KindOnce, "1"},
}
