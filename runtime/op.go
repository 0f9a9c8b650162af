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
	opEnd
)

var opNames = [opEnd]string{
	OpSend: "send", OpRecv: "recv", OpRange: "range", OpSelect: "select", OpClose: "close", OpMake: "make",
	OpLock: "lock", OpRLock: "rlock", OpUnlock: "unlock", OpRUnlock: "runlock", OpTryLock: "trylock",
	OpWait: "wait", OpCond: "cond", OpOnce: "once", OpIO: "io", OpSleep: "sleep", OpLoop: "loop",
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
	kindEnd
)

var kindNames = [kindEnd]string{
	KindChan: "chan", KindMutex: "mutex", KindRWMutex: "rwmutex", KindWaitGroup: "waitgroup", KindCond: "cond",
	KindOnce: "once", KindConn: "conn", KindListener: "listener", KindFile: "file", KindProcess: "process", KindOther: "other",
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

	// id is the site's number in the record, given by the collector when the site is first reached; zero until then.
	id uint32
}

// The flags of a Site.
const (
	// SiteDefault marks a select that has a default clause and so never waits.
	SiteDefault = 1 << iota
	// SiteServe marks an I/O wait that is normal however long it takes: Accept, Serve, signal.Wait and their like.
	SiteServe

	// SiteClock<<i says that case i of a select, below CaseLen, receives from a channel of time.Time, which the time itself will send to. A receive, and a
	// range, is case 0. The facts of such a channel may be those of one that was at the same address before: nobody sees it made.
	SiteClock = 1 << 8
)
