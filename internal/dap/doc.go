// Package dap is a proxy between an editor and Delve's debug adapter. Both speak the Debug Adapter Protocol. Every
// message passes byte for byte, except those that the tables in table.go name:
//
//   - launch builds with probes, by flags that it adds to those of the build;
//   - threads, scopes, variables, evaluate and exceptionInfo show what the report says about probes, from the same
//     snapshot and diagnosis;
//   - our exception filters never reach Delve; when a finding appears, it gets a `pause`;
//   - awaittrace/report is our own request.
//
// Files by what they are about:
//
//	table.go      what is rewritten
//	wire.go       messages
//	proxy.go      the two pumps that hand them on
//	launch.go     the build, with probes
//	attach.go     a Delve server that replaces the Delve with which the session began
//	program.go    the state of the program: running, stopped or ended
//	moment.go     one stop of it, which is diagnosed once
//	source.go     the processes that Delve holds, and how each is opened
//	stop.go       Delve's events, and requests that let the program run
//	step.go       steps that pass over probes
//	filters.go    looks at the program while it runs, and stops it
//	threads.go, frames.go, scope.go, handles.go, evaluate.go   what the panes of an editor show
//
// Delve runs in a process of its own, which is the awaittrace command again: if Delve crashes, the editor is told and
// no program is left behind; if the proxy is killed, Delve loses its client and exits as usual. In a headless server
// (awaittrace dlv --headless) the proxy is in Delve's process.
//
// The proxy never fails on what it does not understand. Bytes that are not a message pass unchanged, with all that
// follow, so that Delve answers as usual.
package dap
