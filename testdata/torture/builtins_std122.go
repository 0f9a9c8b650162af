package main

func init() {
	add("parentheses", parentheses)
}

// The compiler of Go 1.21 crashes where the name of a builtin function is in parentheses.
func parentheses() {
	ch := (make)(chan struct{}, n(9))
	say(cap(ch))
	(close)(ch)
	say(<-ch)
}
