// Package target reads a Go program from outside: the state, wait reason, creator and stack of its goroutines, and what
// its memory says of the objects that they wait for. The program runs, is stopped, or has left a core. Delve's Go
// packages, which promise no stable interface, stay inside this package and dlvext: the rest of awaittrace sees package
// snapshot's types.
//
// # How a live program is read
//
// On Linux our own Delve backend replaces Delve's, because ours only reads. Delve's stops a process with PTRACE_ATTACH,
// which sends it SIGSTOP, can lose a signal that arrives at the same moment, writes breakpoints into its text, and, on
// leaving, resumes a process that had been stopped before. Ours:
//
//   - loads the debug information first, while the program goes on;
//   - stops the threads by PTRACE_SEIZE and PTRACE_INTERRUPT, which no program can see, and gives back the signals that
//     arrived meanwhile;
//   - reads memory through /proc/PID/mem and writes nothing;
//   - does so on one thread that ends afterwards: whatever happens to us, the kernel lets the program go on, and one
//     that was stopped (SIGSTOP) stays so.
//
// A process that a debugger holds cannot be traced again: Program reads its memory, and takes the program counters of
// its threads from /proc.
//
// On other systems Delve's own backend is used, if it has one.
//
// # Cost
//
// The descriptors of all goroutines are read in pieces of a megabyte and decoded by the offsets in the program's debug
// information, because Delve takes about 20 microseconds for each. Only the stacks that the caller wants are unwound.
//
// # Limits
//
// A program without debug information (-ldflags=-w, strip) cannot be read: [procfs.Error] says so, and package inspect
// has package reach read it. Runtimes in a shared library (-buildmode=c-shared, -linkshared) are not found.
package target
