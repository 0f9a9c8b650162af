// Package source opens the memory and the threads of programs from outside: of a process, which it stops while it reads
// it; of a process that a debugger or a signal holds; and of a core. Each is a [reach.Source]. It needs neither debug
// information nor Delve.
package source
