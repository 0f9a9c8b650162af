//go:build !unix

package watch

import "time"

// processorTime returns a clock: the processor time that this process has used is not known here.
func processorTime() time.Duration { return time.Since(began) }

var began = time.Now()
