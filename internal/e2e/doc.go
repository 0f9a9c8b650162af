// Package e2e proves that the parts work together. It has only tests, which build programs of testdata with probes, run
// them as processes of their own, and read what awaittrace says about them.
//
// Every process is in a process group that is killed at the end of its test, and keeps its record in a folder of the
// test.
package e2e
