//go:build !(cgo && unix)

package main

import "time"

// pauseInC sleeps: there is no C.
func pauseInC(d time.Duration) { time.Sleep(d) }
