// Package watch looks at the records of instrumented programs from outside while they run: of the program of
// `awaittrace run`, and of the test binaries of `awaittrace test`. When something becomes stuck, it reports each
// finding once, and again if the program ends with something stuck.
//
// The program is never stopped to find out whether it is healthy. A look at the record costs the program nothing, and
// us less than a hundredth of a processor. Only if the record alone shows a finding that has not been reported yet is
// the program stopped for a moment, to read the stacks that belong to it, and the heap if there is time for that. All
// stops together take at most a hundredth of the program's time.
//
// # Tests
//
// The tests run as go test runs them, without a process between. So results are cached, and -exec, -json and -fuzz are
// go test's own. A test binary finds the service, which lives in the process of `awaittrace test`, by AWAITTRACE_TEST,
// and tells it when its record exists. From then on its record is looked at from outside, like that of any program.
//
// If a test has ended and a goroutine that it started still exists, the collector asks the service about it, and fails
// the test with the answer (judge.go). The program's memory has the last word: what it proves is left behind, and what
// it shows can still end is not (proof_linux.go). Known leaks fail no test (known.go), and need no proof. Most tests
// leave none, and nothing is asked. A hang is reported on standard error, once (hang.go). When a binary dies in the
// middle of a test, what was stuck is written after its output, in go test's own format (died.go).
//
// On macOS only the record is read: waits are reported, and nothing is proven.
//
// If a test binary cannot reach the service (another network namespace), or its memory cannot be read, its tests run as
// under go test.
package watch
