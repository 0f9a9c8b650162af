// Package testwatch watches the test binaries that `go test` runs, for `awaittrace test`. It reports which goroutines a
// test leaves stuck, what a test hangs in, and what was stuck when a test binary died.
//
// The tests run as go test runs them, without a process of ours between. So results are cached, and -exec, -json and
// -fuzz are go test's own. A test binary finds the service, which lives in the process of `awaittrace test`, by
// AWAITTRACE_TEST, and tells it when its record exists. From then on its record is looked at from outside, like that of
// any program.
//
// If a test has ended and a goroutine that it started still exists, the collector asks the service about it, and fails
// the test with the answer (judge.go). The program's memory has the last word: what it proves is left behind, and what
// it shows can still end is not (proof_linux.go). Known leaks fail no test (known.go). Most tests leave none, and
// nothing is asked. A hang is reported on standard error, once (hang.go). When a binary dies in the middle of a test,
// what was stuck is written after its output, in go test's own format (end.go).
//
// On macOS only the record is read: waits are reported, and nothing is proven.
//
// If a test binary cannot reach the service (another network namespace), or its memory cannot be read, its tests run as
// under go test.
package testwatch
