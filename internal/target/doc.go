// Package target reads a Go program from outside: the state, wait reason, creator and stack of its goroutines, and what its
// memory says of the objects that they wait for. The program runs, is stopped, or has left a core. Nothing outside
// of this folder touches Delve's Go packages, which promise no stable interface: the rest of awaittrace sees package snapshot's types.
//
// # How a live program is read
//
// On Linux a Delve backend of our own takes the place of Delve's, because ours only ever reads. Delve's stops a process with
// PTRACE_ATTACH, which sends it SIGSTOP, can lose a signal that arrives at the same moment, writes breakpoints into its text, and wakes up on
// leaving a process that had been stopped before. Ours:
//
//   - loads the debug information first, while the program goes on;
//   - stops the threads by PTRACE_SEIZE and PTRACE_INTERRUPT, which no program can see, and gives back the signals that arrived meanwhile;
//   - reads memory through /proc/PID/mem and writes nothing;
//   - does so on one thread that ends afterwards: whatever happens to us, the kernel lets the program go on, and one that
//     was stopped (SIGSTOP) stays so.
//
// A process that a debugger holds cannot be traced by another, and need not: Program reads it as it stands, by its memory, and takes from /proc what
// the tracer alone could ask for otherwise, the program counters of its threads.
//
// Elsewhere Delve's own backend is used, where it has one.
//
// # Cost
//
// The descriptors of all goroutines are read in pieces of a megabyte and decoded with the offsets in the program's debug
// information, since Delve takes about 20 microseconds for each. Only the stacks that the caller asks for are unwound.
//
// # Limits
//
// A program without debug information (-ldflags=-w, strip) cannot be read here: [Error] says so, and package inspect has package reach read it. Runtimes that are a
// shared library (-buildmode=c-shared, -linkshared) are not looked for.
package target
