//go:build cgo

package main

/*
#include <unistd.h>
*/
import "C"

import "sync"

func callC(begun *sync.WaitGroup) {
	begun.Done()
	C.sleep(3600)
}
