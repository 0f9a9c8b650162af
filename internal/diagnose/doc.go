// Package diagnose turns a snapshot of a program into an answer: a verdict for every goroutine, and findings that say what is wrong, why,
// and what to do. Every face of awaittrace shows the same diagnosis.
//
// Analyze is a pure function, linear in the number of goroutines, holds and waits. It goes from what is certain to what is likely, and a goroutine
// belongs to the first finding that explains it:
//
//	deadlock.go       cycles in the wait-for graph of locks, and everything that waits for one
//	chandeadlock.go   cycles that go by channels too
//	orphaned.go       locks whose holders have exited
//	leak.go           waits for a nil channel; and what makes any other wait a leak: that nobody is left for the channel
//	queue.go          goroutines that queue for a lock, and the root of the queue: what its holder is doing
//	mutual.go         queues whose root waits for one of the queue
//	peer.go           writes to a connection whose peer does not read
//	busy.go           goroutines that compute and reach no probe
//	channel.go        sends to a buffer that is full
//	proven.go         waits of which the garbage collector has proven that nothing can end them
//	stuck.go          every other wait that is longer than it should be
//	behind.go         who waits for a goroutine of a finding by a WaitGroup, or by a channel that it should use
//	doubt.go          waits that are idle as far as anybody can tell, and of which it is hard to see who should end them
//
// A new kind of finding is a new file and a line in the table of passes in analyze.go.
//
// The graph (graph.go) has goroutines and locks as nodes: a goroutine waits for at most one lock, and the lock for its holders, all of
// whom have to let go of it. So a cycle is a deadlock, whoever else may be running, and the graph has as many edges as there are waits and
// holds. Waits for channels are not edges of it: any goroutine may send. What is known of them are facts (who sent last, who
// made it). Where all who are known to have used a channel have waited for long themselves, blocked.go makes them edges,
// and the deadlocks that come of it are likely. Who may use a channel that nobody has used, or owes a WaitGroup its Done, is looked for among
// the goroutines that were started where the channel was made, or Add called (family.go).
//
// A wait that only receives is a wait for an event. It is idle as long as something goes on in the program that may bring
// one about (active.go): false alarms cost more trust than findings earn. What is then only possible does not count: it leaves the
// verdicts alone, and people see it if they ask for everything.
package diagnose
