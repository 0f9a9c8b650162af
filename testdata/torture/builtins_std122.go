package main

import (
	"os"

	"awaittrace.test/torture/trace"
)

func init() {
	add("builtins", builtins)
	fatals["go"] = fatalGo
}

// The compiler of Go 1.21 crashes where the name of a builtin function is in parentheses.
func builtins() {
	ch := (make)(chan struct{}, n(9))
	say(cap(ch))
	(close)(ch)
	say(<-ch)
	trace.Die(os.Stdout, "fatal", "go")
}

// What the compiler makes of a go statement with a builtin function has the name of a function of the program before Go 1.22.
func fatalGo() {
	go close((chan int)(nil))
	select {}
}
