// Package reach proves, from a program's memory alone, which of its goroutines nothing can ever wake. It also finds who
// could wake the others, what each waits on, and how many bytes it keeps alive. It needs no probes, no help from the
// program, and no symbol table, and uses neither Delve nor the record of probes.
//
// A Source reads memory and threads of a program that stands still; a Program is its executable, above all the Layout
// of its Go runtime. Prepare reads what never changes and allocates memory for the rest while the program runs,
// Plan.Capture copies while it stands still, and Capture.Mark analyses the copy after it has gone on. Result.Snapshot
// returns the answers as types of package snapshot.
//
// # The claim
//
// Mark marks all that Go's collector would mark, except what belongs to goroutines that nothing can wake. Marking
// begins with what goes on by itself: variables, timers, finalizers, and goroutines that run, sleep, or wait for the
// system. A goroutine that waits for others becomes live when an object that it waits for is marked; what it can reach
// is marked then. When nothing more can be marked, each remaining goroutine waits for what only other remaining ones
// can reach. That is the rule of Go's own goroutineleak profile; the answer does not depend on how long a goroutine has
// waited.
//
// # Why it is sound
//
// A false proof is worse than none. So what is unknown makes a goroutine live, or a word a pointer:
//
//  1. All threads stand still while memory is copied. Without that, a few samples in a hundred are wrong.
//  2. Roots are the variables, by the linker's masks; finalizers and cleanups that are queued; each record of an
//     object except those of the heap profile; the targets of weak pointers, which Go's own profile forgets; pinned
//     objects; and registers and stacks of busy threads. A finalizer or a cleanup does not count while goroutines hold
//     its object that nothing else can wake, nor any finalizer while the goroutine that runs them is such a one.
//  3. Sudogs in use and the g's are opaque: only their own goroutine looks inside. The queues of channels and the
//     table of semaphores keep nobody alive.
//  4. A thread may stand between taking a goroutine out of a queue and making it runnable. So each g or sudog that a
//     busy thread has in a register or on a stack is live, and so is what it is linked to; see threads.go.
//  5. A thread is idle only in one of a few exact chains of calls, where it can have nothing at hand. An unknown
//     chain is busy. Where a busy thread's registers are not known, nothing is proven.
//  6. The stacks of running goroutines, and of those whose stack may be moving, count word by word.
//  7. Other stacks are scanned as the collector scans them: by the compiler's maps, with stack objects only where
//     something points to them, and the chain of deferred calls. Any doubt makes the rest of a stack count word by
//     word; see scan.go.
//  8. A goroutine whose object was not found is Unknown, and live. So are one that waits in a synctest bubble, which
//     ends by its own rules. An unknown version of Go without debug information has no proofs at all.
//  9. A goroutine that has switched to another one, as the two sides of an iter.Pull do, waits for the runtime's coro,
//     which both functions have. It is found by the goroutine that it has.
//
// Of a heap object the words count that Go's collector would follow, as far as the runtime's own bits for small objects
// and for types say which; see masks.go. Of other objects all words count. A pointer to any place in an object reaches
// it. Of p's, m's and the g's of threads only the words that are pointers count: the others point to free memory.
//
// A goroutine in select {}, or on nil channels only, is blocked by definition: see snapshot.Blocked.NoneCanWake.
// Whether that is a leak or meant, the diagnosis decides.
//
// # Who could end a wait
//
// References are also followed backwards, from what a goroutine waits for to the first goroutines, timers, finalizers
// and variables. A goroutine that waits only for the same object cannot end the wait, and is left out. For a proven
// goroutine, the others are proven too: they are the edges of a deadlock.
//
// # What is kept alive
//
// A set of goroutines keeps alive its stacks, and the objects that nothing else reaches. Objects are labelled once with
// the group of goroutines, of one place and one creator, that alone reaches them; so a finding that is such a group
// costs nothing more. Other sets are searched, up to a bound, beyond which the answer is too small.
//
// # Limits
//
// As in Go itself, an integer is not a pointer. Memory outside the heap, such as C's, is not scanned: cgo.Handle and
// runtime.Pinner, which are roots, cover what C may legally hold. Objects of less than 16 bytes without pointers share
// memory: a Mutex alone may be kept live by its neighbour. Unswept objects count as in use. Each of these gives fewer
// proofs, except the first.
//
// Names and paths come from DWARF; without it only functions, variables and types of channels have names. The name of a
// local variable comes from the compiler's location lists, at the call or after it.
//
// The program stands still while memory with pointers, variables, and used parts of stacks are copied. How long that
// takes depends on the machine and its load; Prepare measures it on a part. See docs/benchmarks.md. The references
// backwards take four bytes each and are left out if they would take too much: then each goroutine has one waker,
// through which marking came.
package reach
