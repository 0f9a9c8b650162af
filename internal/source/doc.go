// Package source opens the memory and the threads of programs, from outside: of a process, which it stops for as long as it is read; of a
// process that stands still because a debugger or a signal holds it; and of a core. Each is a [reach.Source]. It needs no debug
// information, and nothing of Delve.
package source
