// Package reachtest holds package reach against programs that say of themselves what could end each of their waits:
// testdata/waits. The tests and scripts/reach share it.
package reachtest
