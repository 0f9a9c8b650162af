package reachtest

import (
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A Check is what a look at a program with waits has shown.
type Check struct {
	Waits, Goroutines, Proven int
	// False are proofs of what can be woken, Missed leaks that were not proven, and Other what else is not as the
	// comments say.
	False, Missed, Other []string
}

// Compare holds a result against the comments of a program and the stacks that it has written.
func Compare(r *reach.Result, waits []Wait, stacks []Stack) *Check {
	c := &Check{Waits: len(waits), Proven: len(r.Proven())}
	_, told := r.Snapshot(0)
	at := make(map[string]Wait)
	seen := make(map[string]bool)
	for _, w := range waits {
		at[fmt.Sprintf("%s:%d", w.File, w.Line)] = w
	}
	for _, s := range stacks {
		i := slices.IndexFunc(s.At, func(place string) bool { _, ok := at[place]; return ok })
		answer, why := r.Answer(s.ID)
		if i < 0 {
			// Goroutines of the libraries' own say nothing of themselves.
			if answer == reach.Proven && len(s.At) > 0 {
				c.False = append(c.False, fmt.Sprintf("goroutine %d [%s] at %q is proven, and is none of the waits",
					s.ID, s.State, s.At))
			}
			continue
		}
		place := s.At[i]
		w := at[place]
		for _, place := range s.At {
			seen[place] = true
		}
		c.Goroutines++
		text := fmt.Sprintf("%s: goroutine %d [%s] should be %s %s", place, s.ID, s.State, w.Want, w.Name)
		switch {
		case w.Want == Any:
		case w.Want == Leak && answer != reach.Proven:
			c.Missed = append(c.Missed, text+": "+why)
		case w.Want != Leak && answer == reach.Proven:
			c.False = append(c.False, text+", and is proven")
		case answer == reach.Live:
			if list := told.Of(s.ID).Reach.CouldEnd; !named(list, w) {
				c.Other = append(c.Other, fmt.Sprintf("%s, and could be ended by %v", text, list))
			}
		}
	}
	for place, w := range at {
		if !seen[place] {
			c.Other = append(c.Other, fmt.Sprintf("%s: no goroutine waits here (%s)", place, w.Want))
		}
	}
	slices.Sort(c.Other)
	return c
}

// kinds are the comments that say of what kind somebody is who could end the wait.
var kinds = map[string]snapshot.WakerKind{
	"timer": snapshot.WakerTimer, "global": snapshot.WakerGlobal, "goroutine": snapshot.WakerGoroutine,
	"finalizer": snapshot.WakerFinalizer,
	"cleanup":   snapshot.WakerCleanup,
}

// named reports whether one of those who could end a wait is what the comment says. In a stripped program variables
// have no names.
func named(list []snapshot.Waker, w Wait) bool {
	kind, ok := kinds[w.Want]
	return !ok || slices.ContainsFunc(list, func(waker snapshot.Waker) bool {
		if kind == snapshot.WakerCleanup && waker.Kind == snapshot.WakerFinalizer { // Go 1.24 queues both together
			return true
		}
		return waker.Kind == kind &&
			(w.Name == "" || kind != snapshot.WakerGlobal || waker.Name == "" || waker.Name == "main."+w.Name)
	})
}
