//go:build linux && (amd64 || arm64)

// Compare builds programs that get stuck, without probes, and holds awaittrace's report on them against what else there
// is to look at such a program.
//
//	go run ./scripts/compare [-v] [PROGRAM...]
//	go run ./scripts/compare [-v] -gobench DIR [KERNEL...]
//
// The programs are testdata/hang, those of testdata/pitfalls and testdata/reports/std, and testdata/waits, each of
// whose comments "// leak" counts as one. The tools are awaittrace report, a goroutine dump (SIGQUIT), panicparse of
// that dump, and Go's goroutineleak profile (debug=2), for which the program is built again, with a function that
// writes it. Where the root of a program is stands in its facts.json or EXPECT file. For each root and tool it is
// asked:
//
//	named   the line is in what the tool prints
//	told    the tool says of that line that it is stuck: a finding of awaittrace that is certain or likely (possible in parentheses), "(leaked)" in the profile
//	ends    it says who could end that wait, or that nothing can
//	wrong   of the waits in testdata/waits that something can end, it says that they are stuck
//
// With -gobench, the programs are the original kernels of GoBench's blocking bugs in DIR, a checkout of
// github.com/timmyyuan/gobench, each run until its bug has struck, at most 10 times. The goroutines that the runtime's
// dump shows blocked in a kernel are its roots.
//
// The table's last row has the median of how many stacks, groups or findings there are to read.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/reportcase"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

func main() {
	verbose := flag.Bool("v", false, "print what each tool says")
	kernels := flag.String("gobench", "",
		"`folder` of a checkout of github.com/timmyyuan/gobench: compare on its kernels")
	script.Main("compare", func(s *script.Script, names []string) error {
		return compare(s, *kernels, names, *verbose, os.Stdout)
	})
}

// atOnce is how many programs run at a time.
const atOnce = 4

// compare runs the programs, or those that are named, and prints the table. They are the kernels in the folder kernels,
// if that is not empty.
func compare(s *script.Script, kernels string, names []string, verbose bool, stdout io.Writer) error {
	var programs []*program
	var err error
	if kernels != "" {
		programs, err = listKernels(kernels, s.Work, names)
	} else {
		programs, err = list(names)
	}
	if err != nil {
		return err
	}
	b := &builder{Script: s, built: make(map[string]bool)}
	if err := b.tools(); err != nil {
		return err
	}
	for _, p := range programs {
		if err := b.build(p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	pl := &reportcase.Player{Awaittrace: s.Path("awaittrace"), Dir: s.Work, After: time.Second, Text: true}
	var wg sync.WaitGroup
	slots := make(chan bool, atOnce)
	for _, p := range programs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			slots <- true
			defer func() { <-slots }()
			play := p.play
			if p.kernel {
				play = p.playKernel
			}
			if p.err = play(s, pl); p.err == nil {
				p.judge()
			}
		}()
	}
	wg.Wait()
	print(stdout, programs, verbose)
	return s.Err()
}

// play runs both builds of a program, and takes what the tools say.
func (p *program) play(ctx context.Context, pl *reportcase.Player) error {
	plain, err := pl.Start(p.run, p.exe, p.args...)
	if err != nil {
		return err
	}
	defer plain.Stop()
	profiled, err := pl.Start(p.run, p.exe+"-profiled", p.args...)
	if err != nil {
		return err
	}
	defer profiled.Stop()
	if err := plain.Settle(ctx); err != nil {
		return err
	}
	if p.report, err = plain.Report(ctx); err != nil {
		return err
	}
	p.text[dump] = plain.End(syscall.SIGQUIT)
	p.text[profile] = profiled.End(syscall.SIGUSR1)
	return p.parse(ctx, pl)
}

// parse has panicparse read the dump.
func (p *program) parse(ctx context.Context, pl *reportcase.Player) error {
	parse := exec.CommandContext(ctx, filepath.Join(pl.Dir, "panicparse"), "-full-path", "-no-color")
	parse.Stdin = strings.NewReader(p.text[dump])
	out, err := parse.Output()
	p.text[panicparse], p.text[awaittrace] = string(out), p.report.Text
	return err
}
