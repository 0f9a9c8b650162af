// Package testwatch watches the test binaries that `go test` runs, for `awaittrace test`: it tells which goroutines a
// test leaves stuck, what a test hangs in, and what was stuck when a test binary died.
//
// The tests run as go test runs them, without a process of ours between: so results are cached, and -exec, -json and
// -fuzz are go test's own. A test binary finds the service, which lives in the process of `awaittrace test`, by
// AWAITTRACE_TEST, and says when it has made its record. From then on its record is looked at from outside, as that
// of any program.
//
// When a test has ended and a goroutine that it started is still there, the collector asks what to make of it, and
// fails the test with the answer (judge.go). The program's memory has the last word: what it proves is left behind,
// what it shows that something can still end is not (proof_linux.go). Leaks that are known fail no test (known.go).
// Most tests leave none, and nobody is asked. What hangs is told on standard error, once (hang.go). When a binary
// dies in the middle of a test, what was stuck is written behind its output, in go test's own format (end.go).
//
// On macOS there is the record alone: what waits is told, and nothing is proven.
//
// Where a test binary cannot reach the service (another network namespace), or its memory cannot be read, its tests
// are as those of go test.
package testwatch
