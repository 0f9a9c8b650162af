// Package record reads, from outside, the record that an instrumented program keeps of itself: while the program runs,
// is stopped, and after it was killed.
//
// The layout is the table in package runtime's layout.go. The program goes on writing meanwhile: every slot is read
// until two readings agree, and a wait counts only if it had begun when the reading began, so all waits of a snapshot
// were true at one moment.
//
// The bytes may be anything: cut off, of another version, of another program, or hostile. They give an error, or, if
// only a part is damaged, the rest and a count of what was left out (Snapshot.Dropped); memory is allocated only for
// existing bytes. Records are read, never mapped: truncating a mapped file would kill the reader.
//
// For the place of the record see Dir. A program that could not use that folder keeps its record in memory, and one
// that found no room in it keeps a part there; both are read through /proc/PID/mem, which takes permission to trace the
// program.
package record
