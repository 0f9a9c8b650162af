package serve

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// twoLocks is a deadlock of two goroutines, and one that is well.
const twoLocks = `taken 60s
goroutine 7 waiting "sync.Mutex.Lock"
  wait lock/mutex a.go:2 main.f b.mu.Lock() 0xb2 12s
  hold lock/mutex a.go:1 main.f a.mu.Lock() 0xb1 12s
  step lock/mutex a.go:2 main.f b.mu.Lock() 12s
goroutine 8 waiting "sync.Mutex.Lock"
  wait lock/mutex a.go:8 main.g a.mu.Lock() 0xb1 20s
  hold lock/mutex a.go:7 main.g b.mu.Lock() 0xb2 10s
  step lock/mutex a.go:8 main.g a.mu.Lock() 20s
goroutine 9 running
  step lock/mutex a.go:9 main.h c.mu.Lock() 59s
`

// surveyed returns a survey that has looked at programs: by name, a snapshot each.
func surveyed(t *testing.T, programs map[string]string) *survey {
	t.Helper()
	s := newSurvey(Options{Getenv: func(string) string { return "" }, Log: slog.New(slog.DiscardHandler),
		Version: "v1"})
	pid := 10
	for name, text := range programs {
		pid++
		p := s.program(programID{pid, 1}, record.Entry{Pid: pid, StartTicks: 1, Live: true, Container: "web"})
		p.name = label(name)
		s.note(p, summarize(diagnose.Analyze(snaptext.MustParse(text), diagnose.Options{})), false)
	}
	return s
}

// TestMetrics: the metrics have the names, types and labels that Prometheus' conventions ask for.
func TestMetrics(t *testing.T) {
	s := surveyed(t, map[string]string{"shop": twoLocks})
	want := `# HELP awaittrace_goroutines Goroutines that have reached a probe, by verdict.
# TYPE awaittrace_goroutines gauge
awaittrace_goroutines{container="web",program="shop",verdict="busy"} 0
awaittrace_goroutines{container="web",program="shop",verdict="deadlock"} 2
awaittrace_goroutines{container="web",program="shop",verdict="idle"} 0
awaittrace_goroutines{container="web",program="shop",verdict="leaked"} 0
awaittrace_goroutines{container="web",program="shop",verdict="ok"} 1
awaittrace_goroutines{container="web",program="shop",verdict="orphaned"} 0
awaittrace_goroutines{container="web",program="shop",verdict="stuck"} 0
# HELP awaittrace_look_age_seconds How long ago the program was looked at: it is longer than between two rounds where nothing seems to have changed, or there are too many goroutines.
# TYPE awaittrace_look_age_seconds gauge
awaittrace_look_age_seconds{container="web",program="shop"} 0
# HELP awaittrace_oldest_wait_seconds How long the goroutine that is stuck longest has waited, by the kind of finding.
# TYPE awaittrace_oldest_wait_seconds gauge
awaittrace_oldest_wait_seconds{container="web",kind="deadlock",program="shop"} 48
# HELP awaittrace_programs Instrumented programs that run, by name and container.
# TYPE awaittrace_programs gauge
awaittrace_programs{container="web",program="shop"} 1
# HELP awaittrace_record_complete 1 if the record had room for all that the program did, 0 otherwise.
# TYPE awaittrace_record_complete gauge
awaittrace_record_complete{container="web",program="shop"} 1
# HELP awaittrace_stuck_goroutines Goroutines that are stuck, by the kind of finding and how certain it is.
# TYPE awaittrace_stuck_goroutines gauge
awaittrace_stuck_goroutines{certainty="certain",container="web",kind="deadlock",program="shop"} 2
`
	c := newCollector(s)
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	problems, err := testutil.CollectAndLint(c)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// TestHostile: names that other programs give themselves are bounded in length and in number.
func TestHostile(t *testing.T) {
	names := make(map[string]string)
	for i := range maxPrograms + 20 {
		names[strings.Repeat("x", i)+"\n\x1b[31m"+strings.Repeat("é", 1<<10)] = "taken 1s\n"
	}
	s := surveyed(t, names)
	values := make(map[string]bool)
	for _, v := range s.samples() {
		for _, l := range v.labels {
			values[l] = true
			if len(l) > maxLabel || strings.ContainsAny(l, "\n\x1b") {
				t.Fatalf("label %q", l)
			}
		}
	}
	if len(values) > maxPrograms+20 {
		t.Errorf("%d values of labels", len(values))
	}
}

// TestChanged: a finding appears once and goes once; what is only possible does neither.
func TestChanged(t *testing.T) {
	s := surveyed(t, map[string]string{"shop": twoLocks})
	p := s.rows()[0].p
	well := summarize(diagnose.Analyze(snaptext.MustParse("taken 1s\n"), diagnose.Options{}))
	for _, test := range []struct {
		what     string
		was, now *look
		want     int
		gone     bool
	}{
		{"first look", nil, p.last, 1, false},
		{"second look", p.last, p.last, 0, false},
		{"mended", p.last, well, 1, true},
		{"ended", p.last, nil, 1, true},
		{"well", nil, well, 0, false},
	} {
		got := changed(&p, test.was, test.now)
		if len(got) != test.want || test.want > 0 && got[0].gone != test.gone {
			t.Errorf("%s: %+v", test.what, got)
		}
	}
}

// TestFailedLook: a look that fails makes no finding appear or go. What ends after it is gone.
func TestFailedLook(t *testing.T) {
	s := surveyed(t, map[string]string{"shop": twoLocks})
	p := s.rows()[0].p
	stuck := p.last
	p.last, p.told = nil, nil
	for i, test := range []struct {
		now        *look
		news, gone int
	}{
		{stuck, 1, 0},
		{&look{fault: "no memory"}, 0, 0},
		{stuck, 0, 0},
		{&look{fault: "no memory"}, 0, 0},
		{nil, 0, 1},
	} {
		var got []change
		if test.now != nil {
			got = s.note(&p, test.now, false)
		} else {
			got = changed(&p, p.told, nil)
		}
		if len(got) != test.news+test.gone || test.gone > 0 && !got[0].gone {
			t.Errorf("look %d: %+v", i, got)
		}
	}
}

// TestWeb: what cannot be answered says why, with the status that it has in HTTP.
func TestWeb(t *testing.T) {
	s := surveyed(t, map[string]string{"shop": twoLocks})
	h := newHandler(s, s.opt)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/":                          {200, `<a href="/report/11-1">shop</a>`},
		"/metrics":                   {200, `awaittrace_build_info{version="v1"} 1`},
		"/-/healthy":                 {200, "ok"},
		"/report/other":              {404, `no instrumented program "other" here`},
		"/report/shop?f=nothing":     {400, "invalid f=nothing"},
		"/debug/pprof/awaittrace":    {404, "no program"},
		"/livez?program=none":        {404, "no instrumented program"},
		"/livez?program=x&kind=none": {400, `invalid kind "none"`},
		"/other":                     {404, ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.text) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestKeep: the folder has a bound, and what is not ours stays in it.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	k, err := openKeep(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.json")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range maxKept + 3 {
		if err := k.put(time.Unix(int64(i), 0).UTC().Format("20060102T150405")+"-x-1"+KeptSuffix,
			[]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.trim(); err != nil {
		t.Fatal(err)
	}
	names, _ := os.ReadDir(dir)
	if len(names) != maxKept+1 || !strings.HasPrefix(names[0].Name(), "19700101T000003") {
		t.Errorf("%d files, the first is %s", len(names), names[0].Name())
	}
}

// A receiver of OTLP keeps what it gets.
type receiver struct {
	mu      sync.Mutex
	logs    []*collogs.ExportLogsServiceRequest
	metrics map[string]*metricspb.Metric
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	b, _ := io.ReadAll(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch req.URL.Path {
	case "/v1/logs":
		m := new(collogs.ExportLogsServiceRequest)
		if proto.Unmarshal(b, m) == nil {
			r.logs = append(r.logs, m)
		}
	case "/v1/metrics":
		m := new(colmetrics.ExportMetricsServiceRequest)
		if proto.Unmarshal(b, m) == nil {
			for _, rm := range m.ResourceMetrics {
				for _, sm := range rm.ScopeMetrics {
					for _, metric := range sm.Metrics {
						r.metrics[metric.Name] = metric
					}
				}
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// TestTelemetry: findings and metrics reach a receiver of OTLP, with place, severity, program and trace.
func TestTelemetry(t *testing.T) {
	r := &receiver{metrics: make(map[string]*metricspb.Metric)}
	server := httptest.NewServer(r)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	s := surveyed(t, map[string]string{"shop": twoLocks})
	s.opt.Getenv = os.Getenv
	push, err := newTelemetry(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	p := s.rows()[0].p
	for _, f := range p.last.findings {
		f.labels = map[string]string{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
	}
	push.tell(t.Context(), changed(&p, nil, p.last))
	push.tell(t.Context(), changed(&p, p.last, nil))
	if err := push.shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []string
	for _, req := range r.logs {
		text := req.String()
		for _, want := range []string{`"shop"`, "code.file.path", `"a.go"`, "code.line.number", "awaittrace.kind",
			`"deadlock"`, "process.pid"} {
			if !strings.Contains(text, want) {
				t.Errorf("the records lack %s:\n%s", want, text)
			}
		}
		for _, rl := range req.ResourceLogs {
			for _, sl := range rl.ScopeLogs {
				for _, l := range sl.LogRecords {
					events = append(events, l.EventName+" "+l.SeverityText)
					if len(l.TraceId) != 16 || l.TraceId[0] != 0x4b {
						t.Errorf("trace %x", l.TraceId)
					}
				}
			}
		}
	}
	if got := strings.Join(events, ", "); got != "awaittrace.finding.appeared ERROR, awaittrace.finding.gone INFO" {
		t.Errorf("events: %s", got)
	}
	for _, want := range []string{"awaittrace.stuck_goroutines", "awaittrace.oldest_wait", "awaittrace.goroutines"} {
		if r.metrics[want] == nil {
			t.Errorf("no metric %s among %v", want, maps.Collect(maps.All(r.metrics)))
		}
	}
}

// TestWaitsPushed: waits reach a receiver of OTLP as exponential histograms with the trace of the goroutine that waits
// there.
func TestWaitsPushed(t *testing.T) {
	r := &receiver{metrics: make(map[string]*metricspb.Metric)}
	server := httptest.NewServer(r)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	s := surveyed(t, map[string]string{"shop": waited()})
	s.opt.Getenv = os.Getenv
	push, err := newTelemetry(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := push.shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	locks, channels := r.metrics["awaittrace.lock_wait"].GetExponentialHistogram(),
		r.metrics["awaittrace.channel_wait"].GetExponentialHistogram()
	if len(locks.GetDataPoints()) != maxSites || len(channels.GetDataPoints()) != 1 ||
		channels.GetAggregationTemporality() != metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
		t.Fatalf("locks %v, channels %v", locks, channels)
	}
	pt := channels.DataPoints[0]
	// Three waits of less than 1/256 s, and two of 1 to 2 s, which is the bucket that begins with a power of 0.
	at := 0 - int(pt.GetPositive().GetOffset())
	if pt.GetCount() != 5 || pt.GetSum() != 10 || pt.GetZeroCount() != 3 || pt.GetZeroThreshold() != 1.0/256 ||
		pt.GetScale() != 0 || pt.GetPositive().GetBucketCounts()[at] != 2 {
		t.Errorf("the histogram is %v", pt)
	}
	if len(pt.Exemplars) != 1 || hex.EncodeToString(pt.Exemplars[0].TraceId) != "4bf92f3577b34da6a3ce929d0e0e4736" ||
		pt.Exemplars[0].GetAsDouble() != 20 {
		t.Errorf("the exemplars are %v", pt.Exemplars)
	}
	for _, want := range []string{"main.work", "pool/worker.go:20", "shop", "web"} {
		if !strings.Contains(pt.String(), want) {
			t.Errorf("no attribute %s: %v", want, pt.Attributes)
		}
	}
}

// TestTelemetryOff: without an endpoint nothing is pushed, and a protocol that is not spoken is refused.
func TestTelemetryOff(t *testing.T) {
	env := map[string]string{}
	opt := Options{Getenv: func(k string) string { return env[k] }}
	s := newSurvey(opt)
	push, err := newTelemetry(t.Context(), s)
	if err != nil || push.logs != nil || push.metrics != nil {
		t.Fatalf("%+v %v", push, err)
	}
	push.tell(t.Context(), nil)
	env["OTEL_EXPORTER_OTLP_ENDPOINT"], env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http://localhost:1", "grpc"
	if _, err := newTelemetry(t.Context(), s); err == nil || !strings.Contains(err.Error(), "(want http/protobuf)") {
		t.Errorf("got %v", err)
	}
}
