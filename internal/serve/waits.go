package serve

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A waitKind is a kind of wait with its own histogram.
type waitKind uint8

const (
	waitsNone waitKind = iota
	waitsLock
	waitsChannel
)

// waitMetrics are the histograms, one for each kind.
var waitMetrics = map[waitKind]metric{
	waitsLock: {"awaittrace_lock_wait_seconds",
		"How long goroutines waited for locks, at the sites where they waited longest.", "s",
		[]string{"function", "site"}},
	waitsChannel: {
		"awaittrace_channel_wait_seconds",
		"How long goroutines waited in operations on channels, at the sites where they waited longest.", "s",
		[]string{"function", "site"},
	},
}

// maxSites bounds the sites of a program in each of the histograms.
const maxSites = 5

// classicEnds are the buckets for a Prometheus that has no native histograms, as ends of counts of a snapshot.Waited:
// 62.5 ms, 1 s, 16 s and 256 s.
var classicEnds = []int{4, 8, 12, 16}

// firstBucket is the number of the bucket of Prometheus' native histograms for count 1 of a snapshot.Waited: bucket 0
// ends at 1 s, and so does count 8.
const firstBucket = 1 - 8

// A siteWaits is how long goroutines of a program waited at a site.
type siteWaits struct {
	kind           waitKind
	function, site string
	waited         snapshot.Waited
	began          time.Time // of the program
	// trace is the trace of the goroutine with one that has waited there longest so far; empty: none has one.
	trace   string
	longest time.Duration
}

func kindOfWait(op runtime.Op) waitKind {
	switch op {
	case runtime.OpLock, runtime.OpRLock:
		return waitsLock
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange, runtime.OpSelect:
		return waitsChannel
	}
	return waitsNone
}

// waitsOf returns how long goroutines waited at the sites of snap.
func waitsOf(snap *snapshot.Snapshot) []siteWaits {
	var list []siteWaits
	at := make(map[snapshot.Probe]int)
	for _, s := range report.Sites(snap) {
		kind := kindOfWait(s.Probe.Op)
		if kind == waitsNone || s.Waited.Count() == 0 {
			continue
		}
		at[*s.Probe] = len(list)
		list = append(list, siteWaits{
			kind: kind, function: label(diagnose.FuncName(s.Probe.Func)), site: siteLabel(s.Probe), waited: s.Waited,
			began: time.Unix(0, snap.Process.StartWall),
		})
	}
	for i := range snap.Goroutines {
		g := &snap.Goroutines[i]
		if len(g.Waits) == 0 || g.Waits[0].Since == 0 {
			continue
		}
		trace, ok := traceOf(g.Labels)
		if !ok {
			continue
		}
		k, known := at[*g.Waits[0].Probe]
		if d := time.Duration(snap.Taken - g.Waits[0].Since); known && d > list[k].longest {
			list[k].trace, list[k].longest = trace.String(), d
		}
	}
	return top(list)
}

// siteLabel returns the position of a probe, with the folder of its file.
func siteLabel(p *snapshot.Probe) string {
	file := filepath.ToSlash(p.File)
	if dir := path.Base(path.Dir(file)); dir != "." && dir != "/" {
		return label(fmt.Sprintf("%s/%s:%d", dir, path.Base(file), p.Line))
	}
	return label(fmt.Sprintf("%s:%d", path.Base(file), p.Line))
}

// top merges waits of the same site, and returns the maxSites of each kind with the longest waits.
func top(list []siteWaits) []siteWaits {
	type key struct {
		kind           waitKind
		function, site string
	}
	at := make(map[key]int)
	var merged []siteWaits
	for _, s := range list {
		k := key{s.kind, s.function, s.site}
		i, ok := at[k]
		if !ok {
			at[k] = len(merged)
			merged = append(merged, s)
			continue
		}
		was := &merged[i]
		was.waited.Add(&s.waited)
		if s.began.Before(was.began) {
			was.began = s.began
		}
		if s.longest > was.longest {
			was.trace, was.longest = s.trace, s.longest
		}
	}
	slices.SortFunc(merged, func(a, b siteWaits) int {
		return cmp.Or(cmp.Compare(b.waited.Sum, a.waited.Sum), cmp.Compare(a.site, b.site),
			cmp.Compare(a.function, b.function))
	})
	count := make(map[waitKind]int)
	return slices.DeleteFunc(merged, func(s siteWaits) bool {
		count[s.kind]++
		return count[s.kind] > maxSites
	})
}

// histogram returns s as a native histogram with a few classic buckets, and the trace as an exemplar. The first count,
// of waits below 1/256 s, is the zero bucket.
func (s *siteWaits) histogram(desc *prometheus.Desc, labels ...string) prometheus.Metric {
	native := make(map[int]int64)
	var classic []*dto.Bucket
	cumulative := uint64(0)
	for k, n := range s.waited.Counts {
		if k > 0 && n > 0 {
			native[k-1+firstBucket] = int64(n)
		}
		cumulative += n
		if slices.Contains(classicEnds, k) {
			classic = append(classic, bucket(cumulative, snapshot.WaitedEnd(k).Seconds()))
		}
	}
	classic = append(classic, bucket(cumulative, math.Inf(1)))
	var m prometheus.Metric = withBuckets{
		prometheus.MustNewConstNativeHistogram(desc, cumulative, s.waited.Sum.Seconds(), native, nil,
			s.waited.Counts[0], 0, snapshot.WaitedEnd(0).Seconds(), s.began, labels...),
		classic,
	}
	if s.trace != "" {
		m = prometheus.MustNewMetricWithExemplars(m, prometheus.Exemplar{
			Value: s.longest.Seconds(), Labels: prometheus.Labels{"trace_id": s.trace}, Timestamp: time.Now(),
		})
	}
	return m
}

func bucket(n uint64, end float64) *dto.Bucket {
	return &dto.Bucket{CumulativeCount: &n, UpperBound: &end}
}

// A withBuckets is a native histogram with classic buckets.
type withBuckets struct {
	prometheus.Metric
	buckets []*dto.Bucket
}

// Write implements prometheus.Metric.
func (m withBuckets) Write(out *dto.Metric) error {
	if err := m.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = m.buckets
	return nil
}

// A programWaits is how long goroutines waited in the programs of one name and container.
type programWaits struct {
	name, container string
	sites           []siteWaits
}

// waits returns how long goroutines waited, by name and container of their programs.
func (s *survey) waits() []programWaits {
	at := make(map[[2]string]int)
	var list []programWaits
	nameOf := named()
	for _, r := range s.rows() {
		of := nameOf(r)
		i, ok := at[of]
		if !ok {
			i, at[of] = len(list), len(list)
			list = append(list, programWaits{name: of[0], container: of[1]})
		}
		list[i].sites = append(list[i].sites, r.look.waits...)
	}
	for i := range list {
		list[i].sites = top(slices.Clone(list[i].sites))
	}
	return list
}
