package inspect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A bare is a program without debug information, as go test and -ldflags=-w leave it. Delve cannot read it; package
// reach reads its goroutines. The contents of objects, and the file or connection of a call, are unknown.
type bare struct {
	pid  int // zero: a core
	exe  string
	open func() (reach.Source, error)
	// stop stops the program while f runs; nil if it stands still already.
	stop  func(src reach.Source, f func() error) (time.Duration, error)
	close func() // nil: nothing to close
}

// isBare reports whether a program could not be read because it has no debug information.
func isBare(err error) bool {
	e := (*procfs.Error)(nil)
	return errors.As(err, &e) && e.Reason == procfs.NoDebugInfo
}

// Close implements Target.
func (b *bare) Close() {
	if b.close != nil {
		b.close()
	}
}

// Read implements Target.
func (b *bare) Read(ctx context.Context, o target.Options) (res *target.Result, err error) {
	// The memory is another program's: a panic over nonsense in it is not a fault of awaittrace.
	defer func() {
		if p := recover(); p != nil {
			err = procfs.Damage("the program's memory does not make sense: %v", p)
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	src, err := b.open()
	if err != nil {
		return nil, err
	}
	if o.Capturer != nil {
		o.Capturer.Ready(src, false, nil)
	}
	// What is copied for a proof has the goroutines, too, until Copied drops their stacks.
	var plan *reach.Plan
	p, _ := o.Capturer.(*proof)
	if p != nil && p.plan != nil && o.Copied == nil {
		plan = p.plan
	} else {
		p = nil
		prog, err := reach.OpenProgram(b.exe)
		if err != nil {
			return nil, err
		}
		if plan, err = reach.Prepare(src, prog); err != nil {
			return nil, fmt.Errorf("the program has no debug information, and %w; build it without -ldflags=-s or -w to "+
				"see states and stacks", err)
		}
		defer plan.Close()
		plan.AllocateStacks()
	}
	res = new(target.Result)
	var states *reach.States
	look := func() (err error) {
		res.Taken, _ = procfs.Monotonic(b.pid)
		if o.Standing != nil {
			o.Standing()
		}
		if o.Capturer != nil {
			o.Capturer.Capture()
		}
		if p != nil && p.capture != nil {
			states = p.capture.States()
			return nil
		}
		states, err = plan.CaptureStacks()
		return err
	}
	if b.stop != nil {
		res.Paused, err = b.stop(src, look)
	} else {
		res.Taken, err = 0, look()
	}
	if err != nil {
		return nil, err
	}
	if o.Copied != nil {
		o.Copied()
	}
	for _, st := range states.List() {
		if !target.System(st.Start, st.Reason) {
			res.Goroutines = append(res.Goroutines, st.Goroutine)
			res.Parks = append(res.Parks, st.Parks)
		}
	}
	var want target.Wanted
	if o.Select != nil {
		want = o.Select(snapshot.Each(res.Goroutines))
	}
	if !states.HasParks() {
		res.Parks = nil
	}
	readBareStacks(res, states, want.Stacks, o)
	o.Finish(res)
	return res, nil
}

// readBareStacks sets the stacks of the goroutines ids, as many as o permits.
func readBareStacks(res *target.Result, states *reach.States, ids []int64, o target.Options) {
	const depth, most = 64, 256
	if o.Depth <= 0 {
		o.Depth = depth
	}
	if o.MaxStacks <= 0 {
		o.MaxStacks = most
	}
	snap := snapshot.Snapshot{Goroutines: res.Goroutines}
	n := 0
	for _, id := range ids {
		i, ok := snap.Find(id)
		if !ok || res.Goroutines[i].Stack != nil {
			continue
		}
		if n++; n > o.MaxStacks {
			res.StacksLeft++
			continue
		}
		stack := states.Stack(id, o.Depth)
		for k, f := range stack {
			if target.Bottom(f) {
				stack = stack[:k]
				break
			}
		}
		if len(stack) == 0 {
			res.StacksLeft++
			continue
		}
		res.Goroutines[i].Stack = stack
	}
}
