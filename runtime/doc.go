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
package runtime
