package runtime

// This file is the layout of the record: the one table that the collector, the readers and the documentation share.
// All numbers are in the byte order of the program that wrote the record (little endian on every architecture that has
// the fast path; Magic tells). Offsets are bytes. A change here that an older reader would misread raises Version.

// Magic are the first eight bytes of a record, as a number; Version is the layout's version.
const (
	Magic   uint64 = 0x3163617274_7761 // "awtrac1\0"
	Version uint32 = 5
)

// SweptFile is the file of the folder that tells which records were swept from it: a line "NAME UNIXTIME age|room" each. It has at most SweptSize
// bytes, and begins anew when they are full.
const (
	SweptFile = "swept"
	SweptSize = 16 << 10
)

// A Header is at offset 0 of the record. The regions follow at the offsets that it gives.
//
// Times: nanotime is the monotonic clock (CLOCK_MONOTONIC on Linux, so that a reader outside can compare). A coarse time
// is a uint32 of milliseconds since Header.Start, plus one, so that zero means unknown.
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

	// Clock is the coarse time now, or a little before: moved on by each probe that reads the clock anyway, when it has
	// changed by a millisecond, and by a watcher.
	Clock uint32
	// Off is nonzero when the probes were turned off by a fault in the record: an Off… constant.
	Off uint16
	// Where says where the record is, and why not in a file of its folder: a Where… constant. Zero: unknown.
	Where uint8
	// Verdict says what a command of ours found when it last looked: a Verdict… constant. Written from outside.
	Verdict uint8

	SlotOff, SlotCap, SlotSize       uint32 // goroutine slots: offset in units of 4096 bytes, number, bytes each
	ChunkOff                         uint32 // offset in bytes: one byte per ChunkSlots slots: 0 not in use, 1 in this file, 2 in private memory at Base
	ObjOff, ObjCap, ObjSize          uint32 // objects: offset in units of 4096 bytes, number (a power of two), bytes each
	SiteOff, SiteCap, SiteSize       uint32 // sites: offset in units of 4096 bytes, number, bytes each; index 0 is unused
	StrOff, StrCap                   uint32 // strings: offset in units of 4096 bytes, bytes
	OrphanOff, OrphanCap, OrphanSize uint32 // orphans: offset in units of 4096 bytes, number, bytes each
	MetaOff, MetaLen                 uint32 // "exe\x00goversion\x00arg0\x00arg1…": offset in bytes, length

	Slots   uint32 // slots handed out so far: indices below it are in use or were
	Sites   uint32 // sites registered so far; indices 1..Sites are valid
	StrLen  uint32 // bytes of strings in use
	Orphans uint32 // orphans written so far; the ring holds the last OrphanCap of them

	// What was dropped for want of room, since the start.
	DroppedGoroutines uint32
	DroppedSites      uint32
	DroppedHeld       uint32
	DroppedObjects    uint32 // evicted from the table while something was known of them

	// Private counts the pieces of sites, strings, objects and orphans that found no room in the file and are in private memory
	// at Base instead: with any of them, those regions are read there.
	Private uint32

	// GoidOff is the offset of the goroutine id in a g, whose state is the 32-bit number 8 bytes before it. Zero: unknown.
	GoidOff uint32

	// Tests under `awaittrace test`: offset in units of 4096 bytes, number, bytes each. TestCap is zero elsewhere.
	TestOff, TestCap, TestSize uint32
	// Tests counts the tests so far: test n is in entry (n-1)%TestCap, unless that has a later one.
	Tests uint32
	// After is the -after of the command that watches the program, in milliseconds; zero: unknown. Written from outside.
	After uint32

	// GoidsOff and GoidsCap are where the tests of goroutines are (TestBits): offset in units of 4096 bytes, number of entries of 8 bytes.
	GoidsOff, GoidsCap uint32
	// ParentOff is the offset in a g of the ID of the goroutine that started it; zero: unknown.
	ParentOff uint32

	// Waited counts the sites at which a goroutine has waited for longer than a tick: of these, in the order in which they were first seen to, there is a Waited.
	Waited uint32
	// AllgLen and AllgPtr are the addresses of runtime.allglen and runtime.allgptr; zero: unknown.
	AllgLen, AllgPtr uint64

	WaitedOff, WaitedCap, WaitedSize uint32 // how long waits were: offset in units of 4096 bytes, number, bytes each

	OrderOff, OrderCap, OrderSize uint32 // orders of locks: offset in units of 4096 bytes, number, bytes each. OrderCap is zero unless they are asked for
	// Spawned counts, where orders of locks are asked for, the waits for WaitGroups that are over and the go statements that were executed: those that tell the
	// collector, and for others the goroutines that reached a probe.
	Spawned uint32
	// DroppedOrders counts the orders of locks that were forgotten for want of room.
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

// What was found (Header.Verdict). A program that runs is never called clean: it may get stuck yet.
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

	// The most that a record has room for. A reader takes no larger number for true.
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
	WaitLen    = 4   // operations that a goroutine can be in at once (an I/O call that calls the user's Read, that locks, …)
	HeldLen    = 8   // locks that a slot has room for
	CaseLen    = 8   // select cases that a slot has room for
)

// A Slot is what the record knows of one goroutine. Only that goroutine writes it. A slot whose Goid is zero, or whose Seq is odd
// (it is being recycled), says nothing.
type Slot struct {
	Goid uint64
	G    uint64 // address of the runtime's g
	Seq  uint32 // raised by two each time the slot gets a new goroutine; odd meanwhile
	// Head counts the probes reached: Ring[(Head-1)%RingLen] is the last one.
	Head  uint32
	Depth uint32 // operations in Waits; the innermost is Waits[Depth-1]
	Held  uint32 // locks in Locks
	Waits [WaitLen]Wait
	Locks [HeldLen]Hold
	Ring  [RingLen]Entry
	// The cases of the select that the goroutine is in, or was in last: the channel of each, in source order.
	Cases    [CaseLen]uint64
	CaseSite uint32
	CaseSend uint32 // bit i: case i is a send
	// Lost counts locks that found no room in Locks and are still held.
	Lost uint32
	Born uint32 // coarse time of the goroutine's first probe
	// Ready is the collector's own note while a select's operands are evaluated; readers ignore it.
	Ready uint32
	// Begun is Header.Spawned when the goroutine reached its first probe, or was last let go by a WaitGroup.
	Begun uint32
	// Noted are the last facts that the goroutine left in the object table, by the low bit of their index: the collector's own, too.
	Noted [2]Noted
	// Test is the number of the test that started the goroutine, itself or by goroutines that it started; zero: none, or unknown.
	Test uint32
	// Detached is the collector's own note that the goroutines that this one starts now do not belong to the test.
	Detached uint32
}

// A Noted is a fact as its goroutine remembers it.
type Noted struct {
	Obj   uint64
	Entry Entry
}

// A Wait is an operation that a goroutine is in.
type Wait struct {
	Obj   uint64 // address of the object, zero if it has none
	Since int64  // nanotime when it began to wait
	Site  uint32
	// Info is the capacity of a channel. For operations in which code of the user may run it is InfoFrame and how far the function that began it is from
	// the beginning of the stack: what lies further is inside it, or over.
	Info uint32
}

// InfoFrame is set in the Info of a Wait that is not the capacity of a channel.
const InfoFrame = 1 << 31

// A Hold is a lock that a goroutine holds.
type Hold struct {
	Obj  uint64
	Site uint32 // where it was taken; with HoldRead
	Time uint32 // coarse time
}

// HoldRead is set in the Site of a Hold and of an Orphan that is held for reading only: the site does not always tell, a sync.Locker may
// be that of an RWMutex's RLocker.
const HoldRead = 1 << 31

// An Entry of the history: the site in the low half, the coarse time in the high half.
type Entry uint64

// An Object is what is known of a channel, WaitGroup, Cond or lock, found by its address: in one of the ObjWays consecutive entries among which the one at
// ObjHash(addr) % ObjCap is, the first of them at a multiple of ObjWays.
type Object struct {
	Addr uint64
	Cap  uint32 // channels: capacity
	Kind uint32 // a Kind; with ObjOfProgram
	// Made, Sent, Received, Closed are the last such operation on a channel. WaitGroup: Sent is the last Add or Go, Received the
	// last Done. Cond: Sent is the last Signal or Broadcast. Lock: Received is the last unlock by a goroutine that
	// did not hold it.
	Made, Sent, Received, Closed Fact
}

// ObjOfProgram is set in the Kind of a channel that was made while a test ran, but for the whole program (see forProgram): later tests may use it.
const ObjOfProgram = 1 << 31

// ObjWays is the number of entries of the object table among which an address has its place.
const ObjWays = 8

// ObjBusy takes the place of the address of an Object while it is given to another address.
const ObjBusy = 1

// A Fact says who did something last, where and when. A zero Site means that nobody did.
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

// A Waited says how long the waits at a site were that are over. It is written with atomic operations. A wait that began and ended in the same tick of the
// kernel, of 1 to 10 ms, is not in it. One that did not, however short, is taken for as long as the clock has moved on meanwhile: Sum is right all the same, as
// the longer a wait is, the more often it does.
type Waited struct {
	Sum  uint64 // of all, in nanoseconds
	Max  uint64 // of the longest, in nanoseconds
	Site uint32
	// Waits counts them by their length: see WaitedBucket. A count that is full stays as it is.
	Waits [WaitedLen]uint32
}

// WaitedLen is the number of counts of a Waited, and WaitedFirst where the first ends, in nanoseconds: 1/256 s. Each of the others ends at twice of that of the one
// before, and the last, of what is longer than 36 hours, never.
const (
	WaitedLen         = 27
	WaitedFirst int64 = 1e9 / 256

	// A wait that crosses one tick is less than two ticks long, and most are short. So a little is taken off before a wait is counted.
	waitedOff = 2e6
)

// WaitedBucket returns which of Waited.Waits counts a wait of d nanoseconds.
func WaitedBucket(d int64) int {
	n := 0
	for end := WaitedFirst; n < WaitedLen-1 && d-waitedOff >= end; n++ {
		end *= 2
	}
	return n
}

// An Order says that goroutines that held one lock took another, as far as that was asked for. Its place is one of OrderWays consecutive entries.
type Order struct {
	First, Second uint64 // addresses: who held First took Second
	// FirstSite and SecondSite are where each was taken; with HoldRead.
	FirstSite, SecondSite uint32
	Seq                   uint32 // odd while the entry is written
	// Begun is the least Slot.Begun of the goroutines that did it, and Last is Header.Spawned when one did it last: goroutines that were started by
	// a go statement after Last were not there yet.
	Begun, Last uint32
	// Cycle is the number of the garbage collections that were over when it was done last, and bit n of Cycles says that it was done when that was Cycle-n.
	// Locks in the heap may be others after a collection. Cycles is zero if both are package variables.
	Cycle  uint32
	Cycles uint64
	Goids  [OrderGoids]uint32 // the low 32 bits of goroutines that did it: as many as there is room for
	// Stack is where the first of them took Second: a line "function\x00file:line" for each caller; an offset into the strings.
	Stack    uint32
	StackLen uint32
	// Gates are other locks that were held each time; with GateRead.
	Gates [OrderGates]uint64
}

// What an Order has room for.
const (
	OrderWays  = 8
	OrderGoids = 3
	OrderGates = HeldLen - 1 // one that is held is First
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

// The table at Header.GoidsOff says to which test goroutines belong, also those that have exited, or have reached no probe. The entry of goroutine id is
// at id%GoidsCap, until a later goroutine takes the place: id<<TestBits, and the number of its test or zero.
const TestBits = 24

// The states of a test.
const (
	TestRunning = 1 + iota
	TestJudged  // it has ended, and its goroutines are being looked at
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

// HashFactor is what ObjHash multiplies with.
const HashFactor uint64 = 0x9E3779B97F4A7C15

// ObjHash is the hash of an object's address. Neighbours stay near each other: what was allocated one after the other lies so in the table, and of two addresses
// in the same MB none has the place of the other.
func ObjHash(addr uint64) uint32 {
	return uint32(addr>>4) ^ uint32((addr>>20)*HashFactor>>40)
}
