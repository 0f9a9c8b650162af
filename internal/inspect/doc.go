// Package inspect diagnoses programs: a [Session] joins what is known of one, from its record, its memory, the
// operating system, a core or a goroutine dump. The verbs, the Delve terminal and the debug adapter are its clients.
//
// A program without probes has no record. For it a session has states, stacks, and what follows from them.
package inspect
