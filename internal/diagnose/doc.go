// Package diagnose turns a snapshot of a program into an answer: a verdict for every goroutine, and findings that say
// what is wrong, why, and what to do. Every face of awaittrace shows the same diagnosis.
//
// Analyze is a pure function. It has three layers, each of which knows only the one before it:
//
//	facts      what is known, in the form that the diagnosis needs: facts.go (who waits, holds, has waited how
//	           long), needs.go (what would end a wait, and by whom: the single place that knows about
//	           operations), users.go (who may use a channel or owe a Done), ends.go (who runs the handlers that
//	           a call waits for), source.go (channels of timers, contexts and signals), unprobed.go (waits
//	           without a probe, off the stack), io.go
//	structure  who is stuck, and why: graph.go (one wait-for graph, one closure), cycles.go, judge.go (each
//	           goroutine by itself), and the causes: cause.go (cycles, orphaned locks), chains.go (who waits for
//	           whom, down to a root), pool.go, busy.go, growth.go, doubts.go
//	words      the one place that renders title, why and fix: story.go, fix.go, words.go
//
// The nodes of the graph are goroutines, and what they need. A lock needs all its holders to let go. A channel needs
// the last user of its other end, or any goroutine that has been at that place. A WaitGroup needs the goroutines that
// owe it a Done. A goroutine is stuck if all of its needs are; a need is stuck if no goroutine that could meet it goes
// on. The closure is the largest set in which everybody waits for others of the set. It first takes the needs that
// nobody else can meet (locks, and what the program's memory proves), which is certain, and then those that nobody else
// is known to meet, which is likely.
//
// A goroutine belongs to the first cause that explains it, and so do the goroutines that wait for it: cycles come
// first, then the chains of waits by their roots.
//
// A wait that only receives is a wait for an event. It is idle as long as something goes on in the program that may
// cause one (judge.go): false alarms cost more trust than findings earn. What remains is only possible. It does not
// count: it leaves the verdicts unchanged, and the report shows it separately.
package diagnose
