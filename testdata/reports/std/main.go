// Reports has programs that reproduce public bug reports with the standard library alone, each in a package of its own.
//
//	reports CASE [ARG]
package main

import (
	"fmt"
	"os"

	"example.com/reports/actorreply"
	"example.com/reports/bodyunclosed"
	"example.com/reports/deadconn"
	"example.com/reports/grandchild"
	"example.com/reports/growthsleep"
	"example.com/reports/poolnested"
	"example.com/reports/pssyslog"
	"example.com/reports/spins"
	"example.com/reports/sseslow"
	"example.com/reports/wgself"
)

var cases = map[string]func(){
	"actorreply":   actorreply.Main,
	"bodyunclosed": bodyunclosed.Main,
	"deadconn":     deadconn.Main,
	"grandchild":   grandchild.Main,
	"growthsleep":  growthsleep.Main,
	"poolnested":   poolnested.Main,
	"pssyslog":     pssyslog.Main,
	"spins":        spins.Main,
	"sseslow":      sseslow.Main,
	"wgself":       wgself.Main,
}

func main() {
	if len(os.Args) < 2 || cases[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: reports CASE [ARG]")
		os.Exit(2)
	}
	cases[os.Args[1]]()
}
