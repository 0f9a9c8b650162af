//go:build cgo && unix

package main

// #include <unistd.h>
// static void rest(long us) { usleep(us); }
import "C"

import "time"

// pauseInC sleeps in C.
func pauseInC(d time.Duration) { C.rest(C.long(d.Microseconds())) }
