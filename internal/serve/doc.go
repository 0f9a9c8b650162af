// Package serve serves what is stuck in all instrumented programs of a host: to Prometheus at /metrics, to scrapers of
// pprof at /debug/pprof/awaittrace, to OpenTelemetry by pushing findings and metrics, to liveness probes at /livez, and
// to people at /.
//
// A survey looks at every program from time to time, by its record alone, so no program is stopped. With Options.Prove
// it also reads heaps, now and then. The survey keeps a summary of each program, and no goroutines: a whole report
// takes a new look.
//
// Labels are bounded: they name programs by name and container, never by pid, address or goroutine, and cut what comes
// from another program.
package serve
