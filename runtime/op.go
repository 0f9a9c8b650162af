package runtime

// An Op is the kind of operation that a probe surrounds. Its name is what reports and JSON show (PROBE.op).
type Op uint8

// The operations. A site with the zero Op is damaged.
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
	OpGo // a go statement of a library: see Starts. No goroutine waits in it
	opEnd
)

var opNames = [opEnd]string{
	OpSend: "send", OpRecv: "recv", OpRange: "range", OpSelect: "select", OpClose: "close", OpMake: "make",
	OpLock: "lock", OpRLock: "rlock", OpUnlock: "unlock", OpRUnlock: "runlock", OpTryLock: "trylock",
	OpWait: "wait", OpCond: "cond", OpOnce: "once", OpIO: "io", OpSleep: "sleep", OpLoop: "loop",
	OpGo: "go",
}

// String returns the name of op in reports, or "" for an invalid value.
func (op Op) String() string {
	if op >= opEnd {
		return ""
	}
	return opNames[op]
}

// A Kind is the kind of object that an operation works on. Its name is OBJECT.kind in JSON.
type Kind uint8

// The kinds of object. The zero Kind means that the operation has no object to name.
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
	KindSemaphore // golang.org/x/sync/semaphore.Weighted, and others that count permits
	KindPool      // sql.DB, and others that hand out a limited number of connections or workers
	kindEnd
)

var kindNames = [kindEnd]string{
	KindChan: "chan", KindMutex: "mutex", KindRWMutex: "rwmutex", KindWaitGroup: "waitgroup", KindCond: "cond",
	KindOnce: "once", KindConn: "conn", KindListener: "listener", KindFile: "file", KindProcess: "process", KindOther: "other",
	KindSemaphore: "semaphore", KindPool: "pool",
}

// String returns the name of k in reports, or "" for KindNone and invalid values.
func (k Kind) String() string {
	if k >= kindEnd {
		return ""
	}
	return kindNames[k]
}

// A Site is one probed operation in the source. It is in an array with the others of its file: see File. A probe passes
// its address. The exported fields are never written at run time. A site has one pointer at most, so that the garbage
// collector passes over sites.
type Site struct {
	// File is what the sites of a file have in common. Only the first one has it.
	File *File
	// Text is where the line of the site begins in File.Text.
	Text uint32
	// Line and Col (in bytes, from 1) are the position of the operation in its file.
	Line, Col int32
	// Index is the place of the site in the array.
	Index uint16
	// Op and Kind say what the operation is, and on what.
	Op   Op
	Kind Kind
	// Cases is the number of communication clauses of a select; Flags are the Site… flags below.
	Cases uint16
	Flags uint16
	// Roles holds the Role of the channel of each case of a select, below CaseLen, in RoleBits each; case 0 is in the
	// lowest bits. Any other operation on a channel has its role at case 0.
	Roles uint32

	// id is the site's number in the record, given by the collector when the site is first reached; zero until then.
	id uint32
	// starts counts the goroutines that an OpGo site started.
	starts uint32
	// memory is the first word of an interface that has a value in memory: see Calls. other is that of the last other
	// one that was looked at. Such a word is never reused, because the runtime keeps what it points to. Where a function
	// is used as a value, memory is the function, and other what wraps it: see wrap.
	memory, other uintptr
}

// A File is what the sites of one source file have in common. The rewriter writes it as static data beside the code, in
// the first of them:
//
//	var _atS1a2b3c4d = [...]_at.Site{
//		0: {File: &_at.File{
//			Name: "/src/main.go",
//			Text: "main.main\n" +
//				"\tmu.Lock()\t\tmu\n" +
//				"\tconn.Read(b)\tnet.Conn.Read\tconn\n",
//		}, Index: 0, Text: 10, Line: 7, Col: 2, Op: 7, Kind: 2},
//		1: {Index: 1, Text: 25, Line: 8, Col: 9, Op: 15, Kind: 7},
//	}
//
// The sites are an array, and not a field, because the debug information of a line that has only a probe depends on the
// form of the address.
type File struct {
	// Name is the path of the original source file.
	Name string
	// Text has a line for each function, which is its name as a stack trace shows it. After it comes a line for each
	// of its sites, in which a tab stands before each of:
	//   - the operation as the user wrote it, shortened to at most 80 bytes;
	//   - the catalog's name of the function that an I/O operation calls, as go doc takes it: net/http.Client.Do;
	//   - the object as the source names it, such as "s.mu", shortened as the operation is; for a select, the channels
	//     of the cases below CaseLen.
	// What there is none of is empty, or left out at the end.
	Text string
}

// The flags of a Site.
const (
	// SiteDefault marks a select that has a default clause and so never waits.
	SiteDefault = 1 << iota
	// SiteServe marks an I/O wait that is normal however long it takes: Accept, Serve, signal.Wait and their like.
	SiteServe
	// SiteRequest marks a call that waits for an answer: from a peer, from another process, or from goroutines that
	// must end.
	SiteRequest
	// SiteContext marks a call with a context that may end it.
	SiteContext
	// SiteBounded marks a call that its function shows to end by itself: it has a timeout among its arguments, or a
	// context with a deadline.
	SiteBounded
	// SiteUnbounded marks a call that its function shows to end only with its answer: its context is that of
	// context.Background, or it can have none.
	SiteUnbounded
)

// A Role is the purpose of a channel, as far as the types and the function around the operation tell.
type Role uint8

// The roles. The zero Role means unknown.
const (
	RoleNone   Role = iota
	RoleDone        // Done of a context
	RoleNever       // Done of context.Background or context.TODO: a nil channel
	RoleAfter       // the result of time.After
	RoleTimer       // C of a time.Timer
	RoleTicker      // C of a time.Ticker, or the result of time.Tick
	RoleTime        // another channel of time.Time
	RoleSignal      // a channel of os.Signal
	// A function that sends to it, or receives from it, undoes that later: a send takes a permit that a receive gives
	// back.
	RoleSemaphore
	RolePool // the same, where a receive takes what a send gives back
	roleEnd
)

var roleNames = [roleEnd]string{
	RoleDone: "done", RoleNever: "never", RoleAfter: "after", RoleTimer: "timer", RoleTicker: "ticker", RoleTime: "time", RoleSignal: "signal",
	RoleSemaphore: "semaphore", RolePool: "pool",
}

// String returns the name of r, or "" for RoleNone and invalid values.
func (r Role) String() string {
	if r >= roleEnd {
		return ""
	}
	return roleNames[r]
}

// Clock reports whether time itself sends to a channel with that role.
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

// At returns r as the role of case i, to be combined with others. It is zero for a case outside Site.Roles.
func (r Role) At(i int) uint32 {
	if i < 0 || i >= CaseLen {
		return 0
	}
	return uint32(r) << (RoleBits * i)
}
