// Package reach proves, from a program's memory alone, which of its goroutines nothing can ever wake; and says who could still wake the
// others, and what each keeps alive. It knows neither Delve nor the record of probes.
//
// A Source gives memory and threads of a program that stands still. A Program is its executable: above all the Layout of its Go
// runtime. Prepare gets ready while the program still runs, Capture copies while it stands still, and Mark thinks after it goes on.
package reach
