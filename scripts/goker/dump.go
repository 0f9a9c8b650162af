package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A goroutine is what a goroutine dump says of one.
type goroutine struct {
	id     int64
	reason string // "chan send"
	leaked bool   // the leak profile says so
	entry  string // the function that it began with and its arguments, as in the dump, without "main."
	file   string // where it is in the corpus, the innermost frame there
	line   int
	frames string // the places of the whole stack, to see whether it moved
}

var (
	headerLine = regexp.MustCompile(`^goroutine (\d+) (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^\]]*)\]:$`)
	frameLine  = regexp.MustCompile(`^\t(.*\.go):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// parseDump returns the goroutines of a dump by ID, but for that of func main. Dir is the folder of the corpus.
func parseDump(text, dir string) map[int64]*goroutine {
	gs := make(map[int64]*goroutine)
	for block := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		m := headerLine.FindStringSubmatch(lines[0])
		if m == nil {
			continue
		}
		g := &goroutine{reason: m[2]}
		g.id, _ = strconv.ParseInt(m[1], 10, 64)
		g.reason, _, _ = strings.Cut(g.reason, ", ") // "chan send, 2 minutes"
		g.reason, g.leaked = strings.CutSuffix(g.reason, " (leaked)")
		for i, line := range lines {
			if strings.HasPrefix(line, "created by ") && i > 2 {
				g.entry = strings.TrimPrefix(lines[i-2], "main.")
			}
			f := frameLine.FindStringSubmatch(line)
			if f == nil {
				continue
			}
			g.frames += line + "\n"
			if g.file == "" && filepath.Dir(f[1]) == dir {
				g.file = f[1]
				g.line, _ = strconv.Atoi(f[2])
			}
		}
		if g.entry != "" && g.file != "" {
			gs[g.id] = g
		}
	}
	return gs
}

// waiting are the reasons for which a goroutine waits for another one.
var waiting = []string{
	"chan send", "chan receive", "chan send (nil chan)", "chan receive (nil chan)", "select", "select (no cases)",
	"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "sync.Cond.Wait",
}

// waits returns the goroutines that wait for another one.
func waits(dump map[int64]*goroutine) map[int64]*goroutine {
	list := make(map[int64]*goroutine)
	for id, g := range dump {
		if slices.Contains(waiting, g.reason) {
			list[id] = g
		}
	}
	return list
}

// still returns the goroutines of before that wait for another one, and have not moved in after.
func still(before, after map[int64]*goroutine) map[int64]*goroutine {
	both := waits(before)
	for id, g := range both {
		if now := after[id]; now == nil || now.reason != g.reason || now.frames != g.frames {
			delete(both, id)
		}
	}
	return both
}

// isLock reports whether the goroutine waits for a Mutex or RWMutex.
func (g *goroutine) isLock() bool {
	return strings.HasPrefix(g.reason, "sync.") && strings.HasSuffix(g.reason, "Lock")
}

// isChan reports whether the goroutine waits for a channel that is not nil, without a select.
func (g *goroutine) isChan() bool { return g.reason == "chan send" || g.reason == "chan receive" }
