// Package reach proves, from a program's memory alone, which of its goroutines nothing can ever wake; and says who
// could still wake the others, what each waits on, and how many bytes it keeps alive. It needs no probes, no help
// from the program, and no symbol table, and knows neither Delve nor the record of probes.
//
// A Source gives memory and threads of a program that stands still; a Program is its executable, above all the Layout
// of its Go runtime. Prepare reads what does not change and provides memory for the rest while the program runs,
// Plan.Capture copies while it stands still, and Capture.Mark thinks after it has gone on. Result.Snapshot puts the
// answers in the terms of package snapshot.
//
// # The claim
//
// What is marked here includes all that Go's collector would mark, less what belongs to goroutines that nothing can
// wake. Marking begins with what goes on by itself: variables, timers, finalizers, and goroutines that run, sleep, or
// wait for the system. A goroutine that waits for others becomes live when one of the objects that it waits for is
// marked, and what it can reach is marked then. Whoever is left over when nothing more can be marked waits for what
// only others that are left over can reach. That is the rule of Go's own goroutineleak profile; the answer does not
// depend on how long somebody has waited.
//
// # Why it is sound
//
// A false proof is worse than none. So whatever is not known makes a goroutine live, or a word a pointer:
//
//  1. All threads stand still while memory is copied. Without that, a few samples in a hundred are wrong.
//  2. Roots are the variables, by the linker's masks; finalizers and cleanups that are queued; each record of an
//     object except those of the heap profile; the targets of weak pointers, which Go's own profile forgets; pinned
//     objects; and registers and stacks of busy threads.
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
// Objects of the heap are scanned word by word, and count as reached by a pointer to any place in them. Of p's, m's
// and the g's of threads only the words that are pointers count, for the others point to memory that is free.
//
// Proven without any of this is who waits in select {} or on nil channels only: see snapshot.Blocked.NoneCanWake.
// Whether that is a leak or meant is not for this package to say.
//
// # Who could end a wait
//
// References are also followed backwards, from what a goroutine waits for to the first goroutines, timers, finalizers
// and variables. A goroutine that waits for nothing but the same cannot help before it is helped itself, and is left
// out. For a proven goroutine, the others are proven too: they are the edges of a deadlock.
//
// # What is kept alive
//
// What a set of goroutines keeps is its stacks, and the objects that it reaches and nothing else does. Objects are
// labelled once with the group of goroutines, of one place and one creator, that alone reaches them; so a finding
// that is such a group costs nothing more. Other sets are flooded, up to a bound, beyond which the answer is less
// than the truth.
//
// # Limits
//
// As in Go itself, a pointer that is hidden in an integer is none. Memory outside the heap is not scanned, such as
// C's: cgo.Handle and runtime.Pinner, which are roots, cover what C may legally hold. Objects of less than 16 bytes
// without pointers share their memory: a Mutex alone may be kept live by its neighbour. What is not swept yet counts
// as in use. Each of these gives fewer proofs, except the first.
//
// Names and paths come from DWARF; without it there are the names of functions, variables and channels' types only.
// The name of a local variable is that which the compiler's location lists give it, at the call or after it.
//
// The copy takes the program's pause, and as much of the reader's memory: memory with pointers, variables, and what is
// in use of stacks. How long it takes depends on the machine and its load; Prepare measures it on a part. See
// docs/benchmarks.md. The references backwards take four bytes each and are left out where
// they would take too much: then there is one waker for each goroutine, the one that marking came by.
package reach
