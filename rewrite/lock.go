package rewrite

import "github.com/awaittrace/awaittrace/runtime"

// lockMethods are the locks. A Locker may be any lock: the collector looks at what is in it.
var lockMethods = map[string]method{
	"Mutex.Lock":       {"Lock", runtime.OpLock, runtime.KindMutex, ""},
	"Mutex.Unlock":     {"Unlock", runtime.OpUnlock, runtime.KindMutex, ""},
	"Mutex.TryLock":    {"TryLock", runtime.OpTryLock, runtime.KindMutex, "R"},
	"RWMutex.Lock":     {"RWLock", runtime.OpLock, runtime.KindRWMutex, ""},
	"RWMutex.Unlock":   {"RWUnlock", runtime.OpUnlock, runtime.KindRWMutex, ""},
	"RWMutex.TryLock":  {"RWTryLock", runtime.OpTryLock, runtime.KindRWMutex, "R"},
	"RWMutex.RLock":    {"RLock", runtime.OpRLock, runtime.KindRWMutex, ""},
	"RWMutex.RUnlock":  {"RUnlock", runtime.OpRUnlock, runtime.KindRWMutex, ""},
	"RWMutex.TryRLock": {"TryRLock", runtime.OpTryLock, runtime.KindRWMutex, "R"},
	"Locker.Lock":      {"LockerLock", runtime.OpLock, runtime.KindOther, ""},
	"Locker.Unlock":    {"LockerUnlock", runtime.OpUnlock, runtime.KindOther, ""},
}
