// Package positions counts what a program with probes has on another line than the program without: a second opinion on
// the rewriter, which it shares no code with. It knows of the text with probes only that the collector is imported
// under a name that the original does not import.
//
// [Source] compares syntax trees: each position of each node. [Binaries] compares the line tables that the compiler
// made of them. The tool in the folder compare does both for an overlay; scripts/positions calls it for three large
// projects.
package positions
