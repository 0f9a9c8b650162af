//go:build unix

package reportcase

import (
	"context"
	"sync"
)

// A Job is a run to play: its program, and the arguments that come before the run's own.
type Job struct {
	Case *Case
	Run  *Run
	Exe  string
	Args []string

	Report *Report // what awaittrace told
	Err    error
}

// Name names the job by its case and arguments.
func (j *Job) Name() string {
	name := j.Case.Name
	for _, a := range j.Run.Args {
		name += "/" + a
	}
	return name
}

const (
	atOnce = 2 // reports are taken at a time
	// programs run at a time: with more, some would wait long for their report, and do something else then
	sideBySide = 12
)

// PlayAll plays the jobs and calls done for each. Programs that wait run side by side; those that use a processor run
// after them, one at a time.
func (pl *Player) PlayAll(ctx context.Context, jobs []*Job, done func(*Job)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots, running := make(chan bool, atOnce), make(chan bool, sideBySide)
	for _, j := range jobs {
		if !j.Run.Busy {
			wg.Add(1)
			go func() {
				defer wg.Done()
				running <- true
				pl.play(ctx, j, slots)
				<-running
				mu.Lock()
				defer mu.Unlock()
				done(j)
			}()
		}
	}
	wg.Wait()
	for _, j := range jobs {
		if j.Run.Busy {
			pl.play(ctx, j, slots)
			done(j)
		}
	}
}

// play runs the program of a job and takes the report on it.
func (pl *Player) play(ctx context.Context, j *Job, slots chan bool) {
	p, err := pl.Start(j.Run, j.Exe, j.Args...)
	if err != nil {
		j.Err = err
		return
	}
	defer p.Stop()
	if j.Err = p.Settle(ctx); j.Err != nil {
		return
	}
	slots <- true
	defer func() { <-slots }()
	j.Report, j.Err = p.Report(ctx)
}
