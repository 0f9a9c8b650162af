// Package inspect looks at programs: a [Session] puts together what is known of one, from its record, its memory, the operating system, a core or a
// goroutine dump, and has it diagnosed. The commands, the Delve terminal and the debug adapter are clients of it.
//
// A program without probes has no record. Of it a session tells states, stacks, and what follows from them.
package inspect
