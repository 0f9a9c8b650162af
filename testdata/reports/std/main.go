// Reports has programs that reproduce public bug reports with the standard library alone, each in a package of its own.
//
//	reports CASE [ARG]
package main

import (
	"fmt"
	"os"

	"example.com/reports/actorreply"
	"example.com/reports/askself"
	"example.com/reports/bodyunclosed"
	"example.com/reports/closedselect"
	"example.com/reports/cmdstdin"
	"example.com/reports/cmdunread"
	"example.com/reports/condowed"
	"example.com/reports/dbleaked"
	"example.com/reports/dbnested"
	"example.com/reports/dbrows"
	"example.com/reports/dbtx"
	"example.com/reports/deadconn"
	"example.com/reports/donepanic"
	"example.com/reports/eofspin"
	"example.com/reports/grandchild"
	"example.com/reports/growthsleep"
	"example.com/reports/handlerpanic"
	"example.com/reports/heldfinalizer"
	"example.com/reports/heldthreads"
	"example.com/reports/hostrefresh"
	"example.com/reports/httpheld"
	"example.com/reports/httplimit"
	"example.com/reports/httpsilent"
	"example.com/reports/httpstreams"
	"example.com/reports/idleconns"
	"example.com/reports/latesend"
	"example.com/reports/noflush"
	"example.com/reports/onceself"
	"example.com/reports/opentickers"
	"example.com/reports/owednone"
	"example.com/reports/ownpipe"
	"example.com/reports/pipebody"
	"example.com/reports/poolnested"
	"example.com/reports/pssyslog"
	"example.com/reports/publock"
	"example.com/reports/pullunstopped"
	"example.com/reports/rpcpeers"
	"example.com/reports/rpcsilent"
	"example.com/reports/semleaked"
	"example.com/reports/semnested"
	"example.com/reports/sessionclose"
	"example.com/reports/shutdowninside"
	"example.com/reports/shutdownowed"
	"example.com/reports/slogdefault"
	"example.com/reports/slotlost"
	"example.com/reports/spins"
	"example.com/reports/sseslow"
	"example.com/reports/starved"
	"example.com/reports/transportper"
	"example.com/reports/waiternotify"
	"example.com/reports/wgself"
	"example.com/reports/zkclose"
)

var cases = map[string]func(){
	"actorreply":     actorreply.Main,
	"bodyunclosed":   bodyunclosed.Main,
	"closedselect":   closedselect.Main,
	"cmdstdin":       cmdstdin.Main,
	"cmdunread":      cmdunread.Main,
	"condowed":       condowed.Main,
	"dbleaked":       dbleaked.Main,
	"dbnested":       dbnested.Main,
	"dbrows":         dbrows.Main,
	"dbtx":           dbtx.Main,
	"deadconn":       deadconn.Main,
	"donepanic":      donepanic.Main,
	"eofspin":        eofspin.Main,
	"grandchild":     grandchild.Main,
	"growthsleep":    growthsleep.Main,
	"handlerpanic":   handlerpanic.Main,
	"heldfinalizer":  heldfinalizer.Main,
	"heldthreads":    heldthreads.Main,
	"hostrefresh":    hostrefresh.Main,
	"httpheld":       httpheld.Main,
	"httplimit":      httplimit.Main,
	"httpsilent":     httpsilent.Main,
	"httpstreams":    httpstreams.Main,
	"idleconns":      idleconns.Main,
	"latesend":       latesend.Main,
	"noflush":        noflush.Main,
	"onceself":       onceself.Main,
	"opentickers":    opentickers.Main,
	"ownpipe":        ownpipe.Main,
	"owednone":       owednone.Main,
	"poolnested":     poolnested.Main,
	"pssyslog":       pssyslog.Main,
	"publock":        publock.Main,
	"pullunstopped":  pullunstopped.Main,
	"rpcpeers":       rpcpeers.Main,
	"pipebody":       pipebody.Main,
	"askself":        askself.Main,
	"rpcsilent":      rpcsilent.Main,
	"semleaked":      semleaked.Main,
	"semnested":      semnested.Main,
	"sessionclose":   sessionclose.Main,
	"shutdowninside": shutdowninside.Main,
	"shutdownowed":   shutdownowed.Main,
	"slogdefault":    slogdefault.Main,
	"slotlost":       slotlost.Main,
	"spins":          spins.Main,
	"sseslow":        sseslow.Main,
	"starved":        starved.Main,
	"transportper":   transportper.Main,
	"waiternotify":   waiternotify.Main,
	"wgself":         wgself.Main,
	"zkclose":        zkclose.Main,
}

func main() {
	if len(os.Args) < 2 || cases[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: reports CASE [ARG]")
		os.Exit(2)
	}
	cases[os.Args[1]]()
}
