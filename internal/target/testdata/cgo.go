// Cgo has goroutines that wait in C. One is the parent of a vfork, whose thread the kernel keeps in an uninterruptible wait, as it
// does with one that waits for a disk.
package main

/*
#include <unistd.h>
static void wait_in_c(void) { for (;;) pause(); }
static void wait_for_child(void) { if (vfork() == 0) for (;;) pause(); }
*/
import "C"

import (
	"fmt"
	"time"
)

func main() {
	go func() {
		C.wait_in_c() // want syscall:
	}()
	go func() {
		C.wait_for_child() // want syscall:
	}()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("{}")
	select {} // want waiting:select (no cases)
}
