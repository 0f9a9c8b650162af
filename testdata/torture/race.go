//go:build race
// +build race

package main

// raceEnabled: a send that a close ends is a data race, which the race detector reports.
const raceEnabled = true
