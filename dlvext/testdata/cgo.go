// Cgo has a goroutine that waits in C.
package main

/*
#include <unistd.h>
static void wait_in_c(void) { for (;;) pause(); }
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
	time.Sleep(100 * time.Millisecond)
	fmt.Println("{}")
	select {} // want waiting:select (no cases)
}
