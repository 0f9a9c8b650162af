// Package agent serves coding agents over the Model Context Protocol (modelcontextprotocol.io).
//
// The tools are ps, report, goroutine, holders, graph, run and test. Each answers with structured content: findings
// with their certainty and file:line, goroutines, who holds what. Answers are bounded: a list has a page, its total
// length, and the offset of the next page.
package agent
