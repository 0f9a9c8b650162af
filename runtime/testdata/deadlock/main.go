// Command deadlock ends with all goroutines asleep, behind probes.
package main

import probe "github.com/awaittrace/awaittrace/runtime"

var sites = [...]probe.Site{
	0: {File: &probe.File{
		Name: "/src/a.go",
		Text: "main.main\n" +
			"\t<-ch\n",
	}, Text: 10, Line: 1, Col: 2, Op: probe.OpRecv, Kind: probe.KindChan},
}

func main() {
	probe.Start()
	<-probe.BeginRecv(&sites[0], make(chan int))
}
