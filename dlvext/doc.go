// Package dlvext is `awaittrace dlv`: Delve's own command line and terminal, in this process, on programs that it
// builds with probes, and with the commands of package inspect.
//
//	main.go      Delve's command line (its cobra commands), with our way to run those that open a session
//	build.go     debug, test and rebuild: the build with probes
//	execute.go   the session: Delve's server and terminal, as `dlv` puts them together
//	relay.go     sits between the two: puts probes in for `rebuild`, and notes the moment of each stop
//	message.go   has the messages that go through the relay
//	view.go      has the user see the program as it is without probes: no frames of the collector
//	goroutines.go, group.go  lists of goroutines, each at the place of its probe
//	step.go      `step` passes over probes
//	commands.go  adds our commands to Delve's terminal, with help; complete.go has it complete their arguments
//	debugger.go  what the commands need to know: the diagnosis, and what an expression means
//	remote.go    a server on another machine: everything through its protocol
//	adapter.go   awaittrace dap: Delve's debug adapter in a process of its own, behind the proxy of package dap
//	demux.go     the same proxy before the clients of a server without a terminal that are editors
//	server.go    a second client of such a server, for what an editor's protocol cannot ask
//	script.go    the same commands for a dlv that is not ours, in Starlark
//
// Delve's packages promise no stable interface, and its terminal has no extension points for Go code: commands.go and
// complete.go read unexported fields. The tests run a session of every kind, and go.mod pins the version.
package dlvext
