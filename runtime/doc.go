// Package runtime is the collector: it is linked into an instrumented program and remembers, for every goroutine, the
// last probe that it reached, what it waits for, the locks that it holds and a short history.
//
// Instrumented source calls the probes of this package (Lock, Recv, IO, …), each with the address of a static [Site].
// Every goroutine owns one slot of a record in shared memory, and is the only one that writes to it, so a probe is a
// few stores and no lock. What takes more than one goroutine to answer (who holds the lock that I wait for?) is joined
// by the reader, at report time. The layout of the record is the table in layout.go, which writer and readers share.
//
// # What it must not do
//
// A probe never changes what the program does. It starts no goroutine and no timer, prints nothing (unless
// AWAITTRACE=log asks for it), and keeps no file descriptor open; a fault in the record turns the probes off, never the
// program. Importing this package starts nothing: the first probe, or [Start], makes the record.
//
// # Order and time
//
// Probes try locks and channels first and note them afterwards, so that the noted time overlaps with the operation;
// they note an operation that would wait before it waits. The start of a wait is late by at most a tick of the kernel,
// 1 to 10 ms. An entry of the history has the time when its operation ended, or, while the goroutine still waits, when
// the wait began. A site counts the length of its waits that outlast a tick (Waited). A goroutine reads the clock when
// it waits, and otherwise once in about a thousand probes.
//
// # Known limits
//
//   - A call that panics never reaches its end. A goroutine that recovers seems to be inside it until it begins another
//     call no further down its stack.
//   - An address may be used again. Made forgets what was known of the older object, and so does an operation that the
//     older one cannot have had. Otherwise a channel that was made without a probe may have facts of an older one.
//   - The last receiver of a closed channel is unknown, because such a receive gets no value.
//   - A lock that another goroutine unlocks more often than once in a millisecond may seem to have no holder.
package runtime
