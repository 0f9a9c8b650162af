// Package top is the live view of a program in a terminal: its findings and groups of goroutines, a row each, which
// of them are new and which grow, and on demand all that is known of one. A [Model] is that of package bubbletea,
// which owns the terminal; what a row says is package report's.
package top
