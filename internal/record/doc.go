// Package record reads the record that an instrumented program keeps of itself, from outside, while the program runs, when it
// is stopped and after it was killed.
//
// The layout is the table in package runtime's layout.go; nothing here repeats it. The program goes on writing while we
// read, and nothing makes it wait: every slot is read until two readings agree, and what a goroutine was
// waiting for is believed only if it was already waiting when the reading began, so that all waits of a snapshot were true at one moment.
//
// The bytes may be anything: cut off, of another version, of another program, or made to harm. They are met with an
// error, or, where only a part is damaged, with what remains and a count of what was left out (Snapshot.Dropped);
// memory is allocated only for bytes that are there. Records are read, never mapped: a mapped file that
// someone cuts short would kill the reader.
//
// Where the record is: see Dir. A program that could not use that folder keeps its record in memory, and a program
// that found no room in it keeps a part there; both are read through /proc/PID/mem, which takes the
// permission to trace the program.
package record
