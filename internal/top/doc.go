// Package top is the live view of a program in a terminal. It has a row for each finding and each group of goroutines,
// marks those that are new or grow, and shows all about one on demand. Package bubbletea owns the terminal and runs the
// [Model]; package report words the rows.
package top
