// Package serve offers what is stuck in all instrumented programs of a host to the engines that people already run:
// Prometheus reads /metrics, whatever scrapes pprof reads /debug/pprof/awaittrace, OpenTelemetry gets findings and
// metrics pushed, a liveness probe asks /livez, and people open /.
//
// A survey looks at every program from time to time, by its record alone, so that no program stands still for it. With
// Options.Prove it also reads the heap of one, now and then. The survey keeps a summary of each program, and no
// goroutine: what is asked for as a whole is looked at anew.
//
// Labels are bounded: programs are told apart by their names and containers, never by pid, address or goroutine, and what
// comes from another program is cut to a length.
package serve
