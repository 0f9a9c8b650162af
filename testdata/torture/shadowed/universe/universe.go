// Package universe has functions that do what a predeclared one does, for a package that hides it.
package universe

// Close closes a channel.
func Close(ch chan int32) { close(ch) }
