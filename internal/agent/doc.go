// Package agent offers what awaittrace knows to coding agents, as a Model Context Protocol server
// (modelcontextprotocol.io).
//
// The tools are ps, report, goroutine, holders, graph, run and test. Each answers with facts as structured content:
// findings with their certainty and file:line, goroutines, who holds what. An answer has a bound: a list that is
// longer says how many there are, and takes an offset, so that an agent can go on where it stopped.
package agent
