package runtime

// An Op is the kind of operation that a probe surrounds. Its name is what reports and JSON show (PROBE.op).
type Op uint8

// The operations. The zero Op is no operation: a site that has it is damaged.
const (
	OpSend Op = 1 + iota
	OpRecv
	OpRange
	OpSelect
	OpClose
	OpMake
	OpLock
	OpRLock
	OpUnlock
	OpRUnlock
	OpTryLock
	OpWait // sync.WaitGroup: Wait, Add, Done, Go
	OpCond // sync.Cond: Wait, Signal, Broadcast
	OpOnce
	OpIO
	OpSleep
	OpLoop
	OpGo // a go statement of a library: see Starts. No goroutine is in it
	opEnd
)

var opNames = [opEnd]string{
	OpSend: "send", OpRecv: "recv", OpRange: "range", OpSelect: "select", OpClose: "close", OpMake: "make",
	OpLock: "lock", OpRLock: "rlock", OpUnlock: "unlock", OpRUnlock: "runlock", OpTryLock: "trylock",
	OpWait: "wait", OpCond: "cond", OpOnce: "once", OpIO: "io", OpSleep: "sleep", OpLoop: "loop",
	OpGo: "go",
}

// String returns the name of op in reports, or "" for a value that is no operation.
func (op Op) String() string {
	if op >= opEnd {
		return ""
	}
	return opNames[op]
}

// A Kind is the kind of object that an operation works on. Its name is OBJECT.kind in JSON.
type Kind uint8

// The kinds of object. The zero Kind says that the operation has no object that could be named.
const (
	KindNone Kind = iota
	KindChan
	KindMutex
	KindRWMutex
	KindWaitGroup
	KindCond
	KindOnce
	KindConn
	KindListener
	KindFile
	KindProcess
	KindOther
	KindSemaphore // golang.org/x/sync/semaphore.Weighted, and what else counts permits
	KindPool      // sql.DB, and what else hands out a limited number of connections or workers
	kindEnd
)

var kindNames = [kindEnd]string{
	KindChan: "chan", KindMutex: "mutex", KindRWMutex: "rwmutex", KindWaitGroup: "waitgroup", KindCond: "cond",
	KindOnce: "once", KindConn: "conn", KindListener: "listener", KindFile: "file", KindProcess: "process", KindOther: "other",
	KindSemaphore: "semaphore", KindPool: "pool",
}

// String returns the name of k in reports, or "" for KindNone and for a value that is no kind.
func (k Kind) String() string {
	if k >= kindEnd {
		return ""
	}
	return kindNames[k]
}

// A Site is one probed operation in the source. The rewriter writes sites as static data beside the code; a probe
// passes the address of its own. The exported fields are never written at run time.
type Site struct {
	// File is the path of the original source file and Func the name of the function as a stack trace shows it.
	// Expr is the operation as the user wrote it, on one line, shortened to at most 80 bytes.
	File, Func, Expr string
	// Line and Col (in bytes, from 1) are the position of the operation in File.
	Line, Col int32
	// Op and Kind say what the operation is, and on what.
	Op   Op
	Kind Kind
	// Cases is the number of communication clauses of a select; Flags are the Site… flags below.
	Cases uint16
	Flags uint16
	// Roles holds the Role of the channel of each case of a select, below CaseLen, in RoleBits each; case 0 is in the lowest bits. That of any other
	// operation on a channel is case 0.
	Roles uint32
	// Obj is the object as the source calls it, such as "s.mu", shortened as Expr is; empty: it has no name there. Of a select it lists the
	// channels of the cases below CaseLen, a line each.
	Obj string
	// Callee is the function that an I/O operation calls, as the catalog has it, in the form that go doc takes: net/http.Client.Do. Of OpGo
	// the record has there who called the library: see callers.
	Callee string

	// id is the site's number in the record, given by the collector when the site is first reached; zero until then.
	id uint32
	// starts counts the goroutines that were started there, of OpGo.
	starts uint32
}

// The flags of a Site.
const (
	// SiteDefault marks a select that has a default clause and so never waits.
	SiteDefault = 1 << iota
	// SiteServe marks an I/O wait that is normal however long it takes: Accept, Serve, signal.Wait and their like.
	SiteServe
	// SiteRequest marks a call that waits for an answer: of a peer, of another process, or of goroutines that are to end.
	SiteRequest
	// SiteContext marks a call that takes a context, which may end it.
	SiteContext
	// SiteBounded marks a call that ends by itself, as its function shows: by a timeout among its arguments, or a context with a deadline.
	SiteBounded
	// SiteUnbounded marks a call that nothing ends but its answer, as its function shows: its context is that of context.Background, or it can have none.
	SiteUnbounded
)

// A Role is what a channel is for, as far as the types and the function around the operation tell.
type Role uint8

// The roles. The zero Role says that nothing is known.
const (
	RoleNone      Role = iota
	RoleDone           // Done of a context
	RoleNever          // Done of context.Background or context.TODO: a nil channel
	RoleAfter          // the result of time.After
	RoleTimer          // C of a time.Timer
	RoleTicker         // C of a time.Ticker, or the result of time.Tick
	RoleTime           // another channel of time.Time
	RoleSignal         // a channel of os.Signal
	RoleSemaphore      // who sends to it, or receives from it, undoes that later in the same function: a send takes a permit that a receive gives back
	RolePool           // the same, where a receive takes what a send gives back
	roleEnd
)

var roleNames = [roleEnd]string{
	RoleDone: "done", RoleNever: "never", RoleAfter: "after", RoleTimer: "timer", RoleTicker: "ticker", RoleTime: "time", RoleSignal: "signal",
	RoleSemaphore: "semaphore", RolePool: "pool",
}

// String returns the name of r, or "" for RoleNone and for a value that is no role.
func (r Role) String() string {
	if r >= roleEnd {
		return ""
	}
	return roleNames[r]
}

// Clock reports whether time itself sends to a channel in that role.
func (r Role) Clock() bool { return r >= RoleAfter && r <= RoleTime }

// RoleBits is the number of bits that Site.Roles has for each case.
const RoleBits = 4

// RoleAt returns the role of case i in roles, as Site.Roles has them.
func RoleAt(roles uint32, i int) Role {
	if i < 0 || i >= CaseLen {
		return RoleNone
	}
	return Role(roles >> (RoleBits * i) & (1<<RoleBits - 1))
}

// At returns r as the role of case i, to be combined with others. Of a case that has no place it is zero.
func (r Role) At(i int) uint32 {
	if i < 0 || i >= CaseLen {
		return 0
	}
	return uint32(r) << (RoleBits * i)
}
