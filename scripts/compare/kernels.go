//go:build linux && (amd64 || arm64)

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/awaittrace/awaittrace/internal/testing/gobench"
	"github.com/awaittrace/awaittrace/internal/testing/reportcase"
)

// kernelTries is how often a kernel is run until its bug has struck.
const kernelTries = 10

// listKernels copies the kernels of the checkout in dir that are named, or all, to a folder in work, and returns them
// as programs.
func listKernels(dir, work string, names []string) ([]*program, error) {
	src := filepath.Join(work, "gobench")
	if err := os.Mkdir(src, 0o700); err != nil {
		return nil, err
	}
	kernels, err := gobench.Copy(dir, src, names, gobench.ForAnHour)
	if err != nil {
		return nil, err
	}
	var programs []*program
	for _, k := range kernels {
		programs = append(programs, &program{name: k.Name, dir: src, run: &reportcase.Run{Wait: settles},
			args: []string{k.Name}, kernel: true})
	}
	return programs, nil
}

// playKernel runs both builds of a kernel until its bug has struck, and takes what the tools say.
func (p *program) playKernel(ctx context.Context, pl *reportcase.Player) error {
	blocked, err := p.untilStruck(ctx, pl, p.exe, func(k *reportcase.Program) (text string, err error) {
		if p.report, err = k.Report(ctx); err == nil {
			p.text[dump] = k.End(syscall.SIGQUIT)
		}
		return p.text[dump], err
	})
	if err != nil {
		return err
	}
	for _, g := range blocked {
		root := []string{p.name + "/" + g.Places[0]}
		if !slices.ContainsFunc(p.roots, func(r []string) bool { return slices.Equal(r, root) }) {
			p.roots = append(p.roots, root)
		}
	}
	_, err = p.untilStruck(ctx, pl, p.exe+"-profiled", func(k *reportcase.Program) (string, error) {
		p.text[profile] = k.End(syscall.SIGUSR1)
		return p.text[profile], nil
	})
	if err != nil {
		return err
	}
	return p.parse(ctx, pl)
}

// untilStruck runs exe until look, which ends it and returns the stacks of its goroutines, shows some that are blocked,
// and returns those.
func (p *program) untilStruck(ctx context.Context, pl *reportcase.Player, exe string,
	look func(*reportcase.Program) (string, error)) ([]gobench.Goroutine, error) {
	var last error // that of a program that ended while it was looked at
	for range kernelTries {
		k, err := pl.Start(p.run, exe, p.args...)
		if err != nil {
			return nil, err
		}
		text := ""
		if k.Settle(ctx) == nil { // else it has ended
			text, last = look(k)
		}
		k.Stop()
		if blocked := gobench.Blocked(text, p.name); len(blocked) > 0 && last == nil || ctx.Err() != nil {
			return blocked, ctx.Err()
		}
	}
	return nil, cmp.Or(last, fmt.Errorf("did not strike in %d runs", kernelTries))
}
