//go:build !unix

package watch

import "time"

// processorTime returns the time that has passed, because the processor time of this process is unknown here.
func processorTime() time.Duration { return time.Since(began) }

var began = time.Now()
