// Package dump reads goroutine dumps: the text that a Go program writes on SIGQUIT, at a fatal error or a panic, and by
// net/http/pprof at /debug/pprof/goroutine?debug=2.
//
// A dump tells of every goroutine its state, where it stands, which go statement started it, and, where a garbage collection has noticed that it
// waits, for how many minutes at least. It does not tell who holds a lock or who uses a channel, and nothing here guesses it.
//
// The text may stand anywhere in a log. Lines may have a prefix of a fixed length, such as a time stamp. Of several dumps the last
// one counts.
package dump
