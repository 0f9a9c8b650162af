package rewrite

import "github.com/awaittrace/awaittrace/runtime"

// condMethods are the methods of sync.Cond. Wait is one operation, although it unlocks and locks: the lock is c.L, which the
// collector sees.
var condMethods = map[string]method{
	"Cond.Wait":      {"CondWait", runtime.OpCond, runtime.KindCond, ""},
	"Cond.Signal":    {"CondSignal", runtime.OpCond, runtime.KindCond, ""},
	"Cond.Broadcast": {"CondBroadcast", runtime.OpCond, runtime.KindCond, ""},
}
