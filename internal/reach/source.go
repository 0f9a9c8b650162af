package reach

// A Source reads a program's memory and threads while it stands still. Stopping and resuming the program is up to the
// caller. ReadMemory and ReadMany are also called before the stop (see Prepare), and must be safe for concurrent use.
type Source interface {
	// ReadMemory fills b from addr, or fails.
	ReadMemory(b []byte, addr uint64) error
	// ReadMany fills each of bufs from the address at the same index, with as few system calls as possible. It returns
	// the indexes of those that it could not fill.
	ReadMany(bufs [][]byte, addrs []uint64) (bad []int)
	// Threads returns all threads of the program. It is called only while the program stands still.
	Threads() ([]Thread, error)
	// Mappings returns the mapped ranges of memory, sorted by address. It is called only while the program stands
	// still, and only where a thread is in code that is not Go's.
	Mappings() ([]Mapping, error)
	// Entry returns the address at which the program began to run (AT_ENTRY), from which follows where a
	// position-independent executable was loaded. Zero means unknown.
	Entry() uint64
}

// A Thread is one thread of a program, with its registers.
type Thread struct {
	// TID is the thread's ID as the program sees it: what its runtime keeps in m.procid.
	TID int
	// PC and SP are the program counter and the stack pointer. LR is the link register, on arm64 only.
	PC, SP, LR uint64
	// Regs are all general registers in any order. Nil means unknown: then nothing is proven, unless the thread sleeps
	// where it can have nothing at hand.
	Regs []uint64
}

// A Mapping is a range of mapped memory.
type Mapping struct{ Lo, Hi uint64 }
