// Package diagnose turns a snapshot of a program into an answer: a verdict for every goroutine, and findings that say what is wrong, why,
// and what to do. Every face of awaittrace shows the same diagnosis.
//
// Analyze is a pure function. It has three layers, each of which knows only the one before it:
//
//	facts      what is known, as the diagnosis asks for it: facts.go (who waits, holds, has waited how long), needs.go (what would end a
//	           wait, and by whom: the single place that knows about operations), users.go (who may use a channel or owe a Done),
//	           ends.go (who runs the handlers that a call waits for), source.go (channels of timers, contexts and signals),
//	           unprobed.go (waits without a probe, off the stack), io.go
//	structure  who is stuck, and why: graph.go (one wait-for graph, one closure), cycles.go, judge.go (each goroutine by itself), and the causes:
//	           cause.go (cycles, orphaned locks), chains.go (who waits for whom, down to a root), pool.go, busy.go, growth.go, doubts.go
//	words      the one place that renders title, why and fix: story.go, fix.go, words.go
//
// The graph has goroutines as nodes, and behind them what they need: a lock its holders, all of whom have to let go of it; a channel who used its other
// side last, and whoever has been at that place; a WaitGroup who owes it a Done. A goroutine is stuck if all of its needs are, and a need if nobody who could
// meet it goes on. The closure is the largest set in which everybody waits for others of the set. It is made of needs that nobody else can meet (locks, and
// what the program's memory proves), which is certain, and then of those that nobody else is known to meet, which is likely.
//
// A goroutine belongs to the first cause that explains it, and who waits for it belongs to the same: cycles first, then the chains of waits by their roots.
//
// A wait that only receives is a wait for an event. It is idle as long as something goes on in the program that may bring
// one about (judge.go): false alarms cost more trust than findings earn. What is then only possible does not count: it leaves the
// verdicts alone, and the report tells it apart.
package diagnose
