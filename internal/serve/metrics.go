package serve

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// A metric is a metric for Prometheus and OpenTelemetry.
type metric struct {
	name, help, unit string
	labels           []string // besides program and container
}

var (
	stuckGoroutines = metric{"awaittrace_stuck_goroutines",
		"Goroutines that are stuck, by the kind of finding and how certain it is.", "{goroutine}",
		[]string{"kind", "certainty"}}
	goroutines = metric{"awaittrace_goroutines", "Goroutines that have reached a probe, by verdict.", "{goroutine}",
		[]string{"verdict"}}
	oldestWait = metric{"awaittrace_oldest_wait_seconds",
		"How long the goroutine that is stuck longest has waited, by the kind of finding.", "s", []string{"kind"}}
	keptBytes = metric{"awaittrace_kept_bytes",
		"Memory that proven leaks keep alive, where serve -prove reads it.", "By", nil}
	recordComplete = metric{"awaittrace_record_complete",
		"1 if the record had room for all that the program did, 0 otherwise.", "1", nil}
	lookAge = metric{"awaittrace_look_age_seconds",
		"How long ago the program was looked at: it is longer than between two rounds where nothing seems to have " +
			"changed, or there are too many goroutines.", "s", nil}
	programs = metric{"awaittrace_programs", "Instrumented programs that run, by name and container.", "{program}", nil}
)

// metrics lists the gauges.
var metrics = []metric{stuckGoroutines, goroutines, oldestWait, keptBytes, recordComplete, lookAge, programs}

// A sample is one value of a metric, with the values of program, container and its own labels.
type sample struct {
	metric *metric
	labels []string
	value  float64
}

// maxPrograms bounds the names of programs in metrics. Further ones count as "other".
const maxPrograms = 500

// samples returns the metrics of all programs. Several processes of one name and container are one.
func (s *survey) samples() []sample {
	var list []sample
	at := make(map[string]int)
	nameOf := named()
	add := func(m *metric, merge func(a, b float64) float64, v float64, labels ...string) {
		key := fmt.Sprintf("%s%q", m.name, labels)
		if i, ok := at[key]; ok {
			list[i].value = merge(list[i].value, v)
			return
		}
		at[key] = len(list)
		list = append(list, sample{m, labels, v})
	}
	sum := func(a, b float64) float64 { return a + b }
	for _, r := range s.rows() {
		of := nameOf(r)
		name, container := of[0], of[1]
		add(&programs, sum, 1, name, container)
		l := r.look
		if l.fault != "" {
			add(&recordComplete, math.Min, 0, name, container)
			continue
		}
		age := time.Since(l.at).Truncate(time.Second)
		add(&lookAge, math.Max, age.Seconds(), name, container)
		add(&recordComplete, math.Min, number(l.complete), name, container)
		for _, v := range diagnose.Verdicts() {
			add(&goroutines, sum, float64(l.counts[v]), name, container, string(v))
		}
		for k, f := range l.findings {
			add(&stuckGoroutines, sum, float64(f.goroutines), name, container, string(k.Kind), string(f.certainty))
			if f.certainty != diagnose.Possible {
				add(&oldestWait, math.Max, (f.oldest + age).Seconds(), name, container, string(k.Kind))
			}
		}
		if l.kept >= 0 {
			add(&keptBytes, sum, float64(l.kept), name, container)
		}
	}
	return list
}

// named returns a function that returns the name and container under which a program counts.
func named() func(r row) [2]string {
	names := make(map[[2]string]bool)
	return func(r row) [2]string {
		of := [2]string{r.p.name, r.p.container}
		if !names[of] && len(names) >= maxPrograms {
			return [2]string{"other", ""}
		}
		names[of] = true
		return of
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A collector collects the samples of a survey for Prometheus.
type collector struct {
	*survey
	descs map[string]*prometheus.Desc
}

func newCollector(s *survey) *collector {
	c := &collector{s, make(map[string]*prometheus.Desc)}
	describe := func(m metric) {
		c.descs[m.name] = prometheus.NewDesc(m.name, m.help, append([]string{"program", "container"}, m.labels...), nil)
	}
	for _, m := range metrics {
		describe(m)
	}
	for _, m := range waitMetrics {
		describe(m)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.samples() {
		ch <- prometheus.MustNewConstMetric(c.descs[s.metric.name], prometheus.GaugeValue, s.value, s.labels...)
	}
	for _, p := range c.waits() {
		for i := range p.sites {
			s := &p.sites[i]
			ch <- s.histogram(c.descs[waitMetrics[s.kind].name], p.name, p.container, s.function, s.site)
		}
	}
}

// newRegistry returns the registry of /metrics.
func newRegistry(s *survey, version string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "awaittrace_build_info", Help: "The version of awaittrace, as a label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	r.MustRegister(newCollector(s), info)
	return r
}
