// Package runtime is the collector: it is linked into an instrumented program and remembers, for every goroutine, the
// last probe that it reached, what it waits for, the locks that it holds and a short history.
//
// Instrumented source calls the probes of this package (Lock, Recv, IO, …), each with the address of a static [Site].
// Every goroutine owns one slot of a record in shared memory, and is the only one that writes to it, so a probe is a few
// stores and no lock. What takes more than one goroutine to answer (who holds the lock that I wait for?) is joined by
// the reader, at report time. The layout of the record is the table in layout.go, which writer and readers share.
//
// # What it must not do
//
// A probe never changes what the program does: no goroutine and no timer of ours runs in it, nothing is printed
// (but for AWAITTRACE=log, which asks for it), no file descriptor stays open, and a fault in the record turns the probes off, never the
// program. Importing this package starts nothing: the record is made when the first probe is reached, or by [Start].
//
// # Order and time
//
// Locks and channels are tried first and noted afterwards, so that what is noted overlaps with the operation; one that would wait is noted before
// it does. The start of a wait is late by a tick of the kernel at most, 1 to 10 ms. An entry of the history has the time at which its operation was over, or at
// which the goroutine began to wait if it still does. The length of a wait that was not over within a tick is counted by its site (Waited). A goroutine looks at the clock when it waits, and else once in a thousand probes.
//
// # Known limits
//
//   - A call that panics never reaches its end, so a goroutine that recovers seems to be inside it until it begins another no further down its stack.
//   - An address may be used again. Made forgets what was known of the older object, and so does an operation that the older one
//     cannot have had; otherwise facts of a channel that was made without a probe may be those of an older one.
//   - Which of the receivers of a closed channel came last is not noted: nothing was received.
//   - A lock that is unlocked by another goroutine more often than once in a millisecond may seem to have no holder.
package runtime
