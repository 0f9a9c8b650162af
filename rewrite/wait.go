package rewrite

import "github.com/awaittrace/awaittrace/runtime"

// waitMethods are the methods of sync.WaitGroup: Wait waits, and the others say who it waits for.
var waitMethods = map[string]method{
	"WaitGroup.Wait": {"WgWait", runtime.OpWait, runtime.KindWaitGroup, ""},
	"WaitGroup.Done": {"WgDone", runtime.OpWait, runtime.KindWaitGroup, ""},
	"WaitGroup.Add":  {"WgAdd", runtime.OpWait, runtime.KindWaitGroup, "1"},
	"WaitGroup.Go":   {"WgGo", runtime.OpWait, runtime.KindWaitGroup, "1"},
}
