// Package reportcase checks awaittrace's report on a program that reproduces a public bug report.
//
// A case is a folder of testdata/reports with the program and a file EXPECT, which states a few facts that the report
// must tell: the kind of each finding, how certain it is, the place of its root, and phrases. Lines have the form "key:
// value", and "#" begins a comment:
//
//	from: hashicorp/nomad #6977          where the bug was reported
//	kind: stop-case one-cause            what it shows: see testdata/reports/README.md
//	twin: actors                         programs of testdata/healthy that come near to it
//	run: accept                          arguments of the program; what follows belongs to this run
//	wait: 11s                            how long the program runs before the report is taken (default 5s)
//	busy: yes                            it uses a processor, and runs after the others
//	finding: deadlock likely @send       kind, certainty and root; alternatives are separated by "|"
//	goroutines: 3                        how many the finding has; "3+" is three or more
//	say: main.go:23                      must stand in the title, why or fix of the finding
//	not: unlock before                   must not
//	others: allowed                      findings besides these may be certain or likely
//	nothing: yes                         nothing is certain or likely
//	text: may be stuck                   must stand in the text report
//	never: is syscall                    must not stand anywhere in it
//	todo: why                            the report does not tell this yet; the check fails when it does
//
// A say or not that stands before the first finding of a run is about the text of all its findings. A phrase in slashes
// is a regular expression. @name is the place of the comment "// @name" at the end of a line in one of the case's Go
// files: file.go:12.
//
// Every finding that is certain or likely must be expected: one cause is one finding. Phrases that are wrong in any
// report (escaped import paths, addresses in a title) are looked for in every case.
package reportcase
