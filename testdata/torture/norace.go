//go:build !race
// +build !race

package main

const raceEnabled = false
