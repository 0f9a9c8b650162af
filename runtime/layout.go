package runtime

// This file is the layout of the record: the one table that the collector, the readers and the documentation share. All
// numbers are in the byte order of the program that wrote the record, which Magic shows; it is little endian on every
// architecture with the fast path. Offsets are bytes. A change that a reader would misread raises Version: see
// CONTRIBUTING.md.

// Magic is the first eight bytes of a record, as a number; Version is the layout's version.
const (
	Magic   uint64 = 0x3163617274_7761 // "awtrac1\0"
	Version uint32 = 6
)

// SweptFile is the file of the folder that lists the records swept from it, each as a line "NAME UNIXTIME
// age|room|clean". It has at most SweptSize bytes, and begins anew when they are full.
const (
	SweptFile = "swept"
	SweptSize = 16 << 10
)

// A Header is at offset 0 of the record. The regions follow at the offsets that it gives.
//
// Times: nanotime is the monotonic clock (CLOCK_MONOTONIC on Linux, so that a reader outside can compare). A coarse
// time is a uint32 of milliseconds since Header.Start, plus one, so that zero means unknown.
type Header struct {
	Magic      uint64
	Version    uint32
	HeaderSize uint32 // unsafe.Sizeof(Header{})
	Pid        uint64
	StartTicks uint64 // field 22 of /proc/PID/stat; with Pid it names the process. Zero: unknown
	Start      int64  // nanotime when the record was made
	StartWall  int64  // wall clock then, nanoseconds since 1970
	Base       uint64 // address of the record in the program's memory
	Size       uint64 // bytes of the whole record, reserved or not

	// Ended is the nanotime at which a watcher saw the program end, and Exit 1 + its wait status. Written from outside.
	Ended int64
	Exit  uint64
	// Seen is the latest nanotime at which a command of ours saw the program alive. Written from outside.
	Seen int64

	// Clock is the coarse time now, or a little before. Probes that read the clock anyway move it on when it has
	// changed by a millisecond, and a watcher does, too.
	Clock uint32
	// Off is nonzero if a fault in the record turned the probes off: an Off… constant.
	Off uint16
	// Where is where the record is, and why not in a file of its folder: a Where… constant. Zero: unknown.
	Where uint8
	// Verdict is what a command of ours found at its last look: a Verdict… constant. Written from outside.
	Verdict uint8

	SlotOff, SlotCap, SlotSize uint32 // goroutine slots: offset in units of 4096 bytes, number, bytes each
	// offset in bytes; a byte per ChunkSlots slots: 0 unused, 1 in this file, 2 private, at Base
	ChunkOff uint32
	// objects: offset in units of 4096 bytes, number (a power of two), bytes each
	ObjOff, ObjCap, ObjSize uint32
	// sites: offset in units of 4096 bytes, number, bytes each; index 0 is unused
	SiteOff, SiteCap, SiteSize       uint32
	StrOff, StrCap                   uint32 // strings: offset in units of 4096 bytes, bytes
	OrphanOff, OrphanCap, OrphanSize uint32 // orphans: offset in units of 4096 bytes, number, bytes each
	MetaOff, MetaLen                 uint32 // "exe\x00goversion\x00arg0\x00arg1…": offset in bytes, length

	Slots   uint32 // slots handed out so far; lower indices are or were in use
	Sites   uint32 // sites registered so far; indices 1..Sites are valid
	StrLen  uint32 // bytes of strings in use
	Orphans uint32 // orphans written so far; the ring holds the last OrphanCap of them

	// These count what was dropped for want of room, since the start.
	DroppedGoroutines uint32
	DroppedSites      uint32
	DroppedHeld       uint32
	DroppedObjects    uint32 // evicted from the table while something was known of them

	// Private counts the pieces of sites, strings, objects and orphans that found no room in the file and are in
	// private memory at Base instead. If it is not zero, readers read those regions there.
	Private uint32

	// GoidOff is the offset of the goroutine id in a g. The state of a g is the 32-bit number 8 bytes before it. Zero:
	// unknown.
	GoidOff uint32

	// Tests under `awaittrace test`: offset in units of 4096 bytes, number, bytes each. TestCap is zero elsewhere.
	TestOff, TestCap, TestSize uint32
	// Tests counts the tests so far: test n is in entry (n-1)%TestCap, unless that has a later one.
	Tests uint32
	// After is the -after of the command that watches the program, in milliseconds; zero: unknown. Written from
	// outside.
	After uint32

	// GoidsOff and GoidsCap place the table of the tests of goroutines (TestBits): offset in units of 4096 bytes,
	// number of entries of 8 bytes.
	GoidsOff, GoidsCap uint32
	// ParentOff is the offset in a g of the ID of the goroutine that started it; zero: unknown.
	ParentOff uint32

	// Waited counts the sites where a goroutine has waited for longer than a tick. Each of them has a Waited, in the
	// order in which that was first seen.
	Waited uint32
	// AllgLen and AllgPtr are the addresses of runtime.allglen and runtime.allgptr; zero: unknown.
	AllgLen, AllgPtr uint64

	WaitedOff, WaitedCap, WaitedSize uint32 // lengths of waits: offset in units of 4096 bytes, number, bytes each

	// OrderOff, OrderCap and OrderSize place the orders of locks: offset in units of 4096 bytes, number, bytes each.
	// OrderCap is zero unless they are asked for.
	OrderOff, OrderCap, OrderSize uint32
	// Spawned counts, if orders of locks are asked for, finished waits for WaitGroups and executed go statements. A go
	// statement without a probe counts when its goroutine reaches a probe.
	Spawned uint32
	// DroppedOrders counts the orders of locks that were dropped for want of room.
	DroppedOrders uint32
}

// Where a record is (Header.Where).
const (
	WhereFile      = 1 + iota // in a file of the folder
	WhereNoFolder             // in memory: the folder cannot be made or opened
	WhereNotOurs              // in memory: the folder belongs to another user, or others may use it
	WhereNoRoom               // in memory: the folder has no room, or no file can be made in it
	WhereLimit                // in memory: RLIMIT_FSIZE, which ulimit -f sets, is below the record's size
	WhereUntouched            // in memory: this system has no files that can be shared
)

// Verdicts (Header.Verdict). A running program is never called clean: it may still get stuck.
const (
	VerdictUnknown = iota
	VerdictClean   // it ended with nothing stuck
	VerdictStuck
)

// The reasons why probes are off (Header.Off).
const (
	OffNot     = iota
	OffAsked   // AWAITTRACE=off
	OffNoID    // the goroutine id could not be found inside g
	OffNoSpace // no memory for the record at all
)

// Sizes that the layout fixes.
const (
	SlotSize   = 512
	ObjSize    = 64
	SiteSize   = 48
	OrphanSize = 32
	TestSize   = 256
	WaitedSize = 128
	OrderSize  = 128

	// The most that a record has room for. Readers reject larger numbers.
	MaxSlots   = 1 << 22
	MaxObjects = 1 << 16
	MaxSites   = 1 << 16
	MaxStrings = 16 << 20
	MaxOrphans = 1 << 10
	MaxTests   = 1 << 16
	MaxOrders  = 1 << 12
	MaxMeta    = 1 << 12

	ChunkSlots = 128 // slots whose memory is reserved together
	RingLen    = 16  // entries of a slot's history
	// Operations that a goroutine can be in at once: an I/O call that calls the user's Read, that locks, …
	WaitLen = 4
	HeldLen = 8 // locks that a slot has room for
	CaseLen = 8 // select cases that a slot has room for
)

// A Slot is what the record knows of one goroutine. Only that goroutine writes it. Readers ignore a slot whose Goid is
// zero, or whose Seq is odd, because it is being recycled. What most probes touch is in few lines of the processor's
// cache: in a program with many goroutines, each line is a miss.
type Slot struct {
	Goid uint64
	G    uint64 // address of the runtime's g
	Seq  uint32 // raised by two each time the slot gets a new goroutine; odd meanwhile
	// Head counts the probes reached: Ring[(Head-1)%RingLen] is the last one.
	Head  uint32
	Depth uint32 // operations in Waits; the innermost is Waits[Depth-1]
	Held  uint32 // locks in Locks
	// Test is the number of the test that started the goroutine, directly or through other goroutines; zero: none, or
	// unknown.
	Test uint32
	// Detached is the collector's own note that goroutines started now do not belong to the test.
	Detached uint32
	Waits    [WaitLen]Wait
	// Noted has the last facts that the goroutine left, by the low bit of their index.
	Noted    [2]Noted
	Locks    [HeldLen]Hold
	CaseSite uint32
	CaseSend uint32 // bit i: case i is a send
	// Lost counts locks that found no room in Locks and are still held.
	Lost uint32
	Born uint32 // coarse time of the goroutine's first probe
	// CaseNext is the collector's own note of how many of the cases of that select have been reached.
	CaseNext uint32
	// Begun is Header.Spawned when the goroutine reached its first probe, or last finished a wait for a WaitGroup.
	Begun uint32
	Ring  [RingLen]Entry
	// Cases has the channel of each case, in source order, of the goroutine's present or last select.
	Cases [CaseLen]uint64
}

// A Noted is a fact as its goroutine remembers it. Readers ignore it unless NotedHere is set: the object table has it.
type Noted struct {
	Obj   uint64 // with NotedHere, NotedOver
	Entry Entry
}

// These are set in the Obj of a Noted. A fact of a WaitGroup stays with its goroutine until another one takes its
// place: most are never needed. Noted[0] may have a Done, and Noted[1] an Add or a Go.
const (
	NotedHere = 1 << iota // the fact is of a WaitGroup, and the object table does not have it
	// the collector's own note that the fact need not go there: nobody waits for what it did any more
	NotedOver
	notedBits = NotedHere | NotedOver
)

// A Wait is an operation that a goroutine is in.
type Wait struct {
	Obj   uint64 // address of the object, zero if it has none
	Since int64  // nanotime when it began to wait
	Site  uint32
	// Info is the capacity of a channel. For an operation that may run code of the user it is InfoFrame plus how far
	// the function that began it is from the beginning of the stack. Operations further along are inside it, or over.
	Info uint32
}

// InfoFrame is set in the Info of a Wait unless that is the capacity of a channel.
const InfoFrame = 1 << 31

// A Hold is a lock that a goroutine holds.
type Hold struct {
	Obj  uint64
	Site uint32 // where it was taken; with HoldRead
	Time uint32 // coarse time
}

// HoldRead is set in the Site of a Hold and of an Orphan that is held for reading only. The site does not always show
// it: a sync.Locker may be an RWMutex's RLocker.
const HoldRead = 1 << 31

// An Entry of the history has the site in the low half and the coarse time in the high half.
type Entry uint64

// An Object is what is known of a channel, WaitGroup, Cond or lock. Its address gives its place: one of the ObjWays
// consecutive entries around ObjHash(addr) % ObjCap, the first of them at a multiple of ObjWays.
type Object struct {
	Addr uint64
	Cap  uint32 // channels: capacity
	Kind uint32 // a Kind; with ObjOfProgram
	// Made, Sent, Received, Closed are the last such operation on a channel. WaitGroup: Sent is the last Add or Go,
	// Received the last Done. Cond: Sent is the last Signal or Broadcast. Lock: Received is the last unlock by a
	// goroutine that did not hold it.
	Made, Sent, Received, Closed Fact
}

// ObjOfProgram is set in the Kind of a channel that was made while a test ran, but for the whole program (see
// forProgram), so that later tests may use it.
const ObjOfProgram = 1 << 31

// ObjWays is the number of entries of the object table where an address may be.
const ObjWays = 8

// ObjBusy replaces the address of an Object while the entry is given to another address.
const ObjBusy = 1

// A Fact is who did something last, where and when. A zero Site means that nobody did.
type Fact struct {
	Goid uint32 // the low 32 bits
	Site uint32
	Time uint32 // coarse time
}

// An Orphan is a lock whose holder has exited without unlocking it.
type Orphan struct {
	Goid uint64
	Obj  uint64
	Site uint32 // where it was taken; with HoldRead
	Time uint32 // coarse time when it was taken
	Last uint32 // the last site that the holder reached
	Died uint32 // coarse time when its slot was recycled
}

// A Waited counts the finished waits at a site by their length. It is written with atomic operations. It leaves out a
// wait that began and ended in the same tick of the kernel, of 1 to 10 ms. Any other wait, however short, counts as
// long as the clock has moved on meanwhile. Sum is right all the same, because the longer a wait is, the likelier it
// crosses a tick.
type Waited struct {
	Sum  uint64 // of all, in nanoseconds
	Max  uint64 // of the longest, in nanoseconds
	Site uint32
	// Waits counts the waits by length: see WaitedBucket. A full count stays as it is.
	Waits [WaitedLen]uint32
}

// WaitedLen is the number of counts of a Waited. WaitedFirst is where the first ends, in nanoseconds: 1/256 s. Each
// other count ends at twice the end of the one before. The last, of waits longer than 36 hours, has no end.
const (
	WaitedLen         = 27
	WaitedFirst int64 = 1e9 / 256

	// A wait that crosses one tick is less than two ticks long, and most are short. So WaitedBucket takes this many
	// nanoseconds off.
	waitedOff = 2e6
)

// WaitedBucket returns the index in Waited.Waits that counts a wait of d nanoseconds.
func WaitedBucket(d int64) int {
	n := 0
	for end := WaitedFirst; n < WaitedLen-1 && d-waitedOff >= end; n++ {
		end *= 2
	}
	return n
}

// An Order says that goroutines that held one lock took another. Its place is one of OrderWays consecutive entries.
type Order struct {
	First, Second uint64 // addresses: a goroutine that held First took Second
	// FirstSite and SecondSite are where each was taken; with HoldRead.
	FirstSite, SecondSite uint32
	Seq                   uint32 // odd while the entry is written
	// Begun is the least Slot.Begun of the goroutines that did it. Last is Header.Spawned when one last did it:
	// goroutines started by a later go statement did not exist yet.
	Begun, Last uint32
	// Cycle is the number of finished garbage collections when it was last done. Bit n of Cycles says that it was done
	// when that number was Cycle-n. After a collection, an address in the heap may be that of another lock. Cycles is
	// zero if both are package variables.
	Cycle  uint32
	Cycles uint64
	// Goids has the low 32 bits of the IDs of the goroutines that did it, as many as fit.
	Goids [OrderGoids]uint32
	// Stack is where the first of them took Second, as an offset into the strings. It has a line
	// "function\x00file:line" for each caller.
	Stack    uint32
	StackLen uint32
	_        uint32 // aligns Gates on 32-bit systems, too
	// Gates are other locks that were held every time; with GateRead.
	Gates [OrderGates]uint64
}

// The room of an Order.
const (
	OrderWays  = 8
	OrderGoids = 3
	OrderGates = HeldLen - 1 // First takes one of the held locks
)

// GateRead is set in the address of a gate that was held for reading only.
const GateRead = 1 << 63

// A TestEntry is a test, a subtest or the seed of a fuzz test.
type TestEntry struct {
	Number uint32
	State  uint32 // a Test… constant
	Goid   uint64 // the goroutine that runs it
	// Started and Ended are nanotimes.
	Started, Ended int64
	Parent         uint32 // the test that this one is a subtest of, or zero
	NameLen        uint32
	Name           [216]byte // cut off if it is longer
}

// The table at Header.GoidsOff says to which test goroutines belong, including those that have exited or have reached
// no probe. The entry of goroutine id is at id%GoidsCap, until a later goroutine takes the place. It is id<<TestBits
// plus the number of its test, or zero.
const TestBits = 24

// The states of a test.
const (
	TestRunning = 1 + iota
	TestJudged  // it has ended, and its goroutines are being checked
	TestEnded
)

// A SiteEntry is a Site in the record. Strings are an offset into the string region and a length.
type SiteEntry struct {
	File, Func, Expr          uint32
	FileLen, FuncLen, ExprLen uint16
	Flags                     uint16
	Line, Col                 int32
	Op                        Op
	Kind                      Kind
	Cases                     uint16
	ObjLen, CalleeLen         uint16
	Obj, Callee               uint32
	Roles                     uint32
}

// HashFactor is the multiplier of ObjHash.
const HashFactor uint64 = 0x9E3779B97F4A7C15

// ObjHash returns the hash of an object's address. Neighbours stay near each other, so objects that were allocated in
// sequence are in sequence in the table. Two addresses in the same MB never collide.
func ObjHash(addr uint64) uint32 {
	return uint32(addr>>4) ^ uint32((addr>>20)*HashFactor>>40)
}
