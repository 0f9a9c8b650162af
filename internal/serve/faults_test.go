package serve

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// A lockedBuffer is written by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestReceiverFaults: a receiver of OTLP that is gone, slow, full or at fault holds nothing up, and the log says so;
// one that comes back gets what is in the queue.
func TestReceiverFaults(t *testing.T) {
	done := make(chan struct{})
	end := sync.OnceFunc(func() { close(done) })
	defer end()
	for _, test := range []struct {
		what   string
		answer func(n int32, w http.ResponseWriter) bool // reports whether it has answered
		gone   bool
		want   string // of the log; empty: the findings arrive
	}{
		{what: "gone", gone: true, want: "OpenTelemetry cannot push"},
		{what: "slow", answer: func(int32, http.ResponseWriter) bool { <-done; return true }, want: "OpenTelemetry"},
		{what: "at fault", answer: func(_ int32, w http.ResponseWriter) bool {
			http.Error(w, "no", http.StatusInternalServerError)
			return true
		}, want: "500"},
		{what: "full for a moment", answer: func(n int32, w http.ResponseWriter) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("Retry-After", "1")
			http.Error(w, "later", http.StatusTooManyRequests)
			return true
		}},
	} {
		t.Run(test.what, func(t *testing.T) {
			r := &receiver{metrics: make(map[string]*metricspb.Metric)}
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if test.answer == nil || !test.answer(asked.Add(1), w) {
					r.ServeHTTP(w, req)
				}
			}))
			defer server.Close()
			if test.what == "slow" {
				defer end()
			}
			if test.gone {
				server.Close()
			}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3000")
			t.Setenv("OTEL_METRICS_EXPORTER", "none")
			t.Setenv("OTEL_BLRP_SCHEDULE_DELAY", "50")
			var told lockedBuffer
			s := surveyed(t, map[string]string{"shop": twoLocks})
			s.opt.Getenv, s.opt.Log = os.Getenv, slog.New(slog.NewTextHandler(&told, nil))
			push, err := newTelemetry(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			p := s.rows()[0].p
			began := time.Now()
			for range 5000 { // more than the queue has room for
				push.tell(t.Context(), changed(&p, nil, p.last))
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it was held up for %v", took)
			}
			patience := 4 * time.Second
			if test.want == "" {
				patience = time.Minute
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := push.shutdown(ctx); err != nil {
				fmt.Fprintln(&told, "OpenTelemetry has not got everything", err)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if test.want == "" && len(r.logs) == 0 {
				t.Errorf("nothing arrived:\n%s", told.String())
			}
			if !strings.Contains(told.String(), test.want) {
				t.Errorf("the log says:\n%s", told.String())
			}
			if n := strings.Count(told.String(), "\n"); n > 1000 {
				t.Errorf("%d lines in the log", n)
			}
		})
	}
}

// toKeep returns the keep of a folder, and a report with changes for it.
func toKeep(t *testing.T, dir string) (*keep, []change, *diagnose.Report) {
	t.Helper()
	k, err := openKeep(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := surveyed(t, map[string]string{"shop": twoLocks})
	p := s.rows()[0].p
	return k, changed(&p, nil, p.last), diagnose.Analyze(snaptext.MustParse(twoLocks), diagnose.Options{})
}

// TestKeepFull: where a report cannot be kept, the error says so, and nothing of it stays.
func TestKeepFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	k, changes, r := toKeep(t, dir)
	if err := k.write(changes, r); err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(dir)
	if err := k.write(changes, r); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("without its folder: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is back")
	}
}

// TestHostileSites: functions, files and labels of a program are bounded and printable, in metrics and in what is
// pushed.
func TestHostileSites(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	text := fmt.Sprintf("taken 60s\nwaited lock/mutex /%s/%s.go:7 main.%s mu.Lock() 100s 80ms 4=20\n", long, long, long) + `goroutine 7 waiting
  wait lock/mutex /` + long + `/a.go:7 main.` + long + ` mu.Lock() 0xb2 12s
  step lock/mutex /` + long + `/a.go:7 main.` + long + ` mu.Lock() 12s
  label trace_id ` + long + `
goroutine 8 waiting "sync.Mutex.Lock"
  wait lock/mutex a.go:8 main.g mu.Lock() 0xb2 20s
  step lock/mutex a.go:8 main.g mu.Lock() 20s
orphan 9 lock/mutex a.go:60:2 main.gone mu.Lock() 0xb2 5s
`
	s := surveyed(t, map[string]string{"shop": text})
	families, err := newRegistry(s, "v1").Gather()
	if err != nil {
		t.Fatal(err)
	}
	sites := 0
	for _, f := range families {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				if len(l.GetValue()) > maxLabel || strings.ContainsAny(l.GetValue(), "\n\x1b") {
					t.Errorf("%s: label %s has %d bytes", f.GetName(), l.GetName(), len(l.GetValue()))
				}
				if l.GetName() == "site" {
					sites++
				}
			}
		}
	}
	if sites != 1 {
		t.Errorf("%d sites", sites)
	}
	p := s.rows()[0].p
	changes := changed(&p, nil, p.last)
	if len(changes) == 0 {
		t.Fatal("no finding")
	}
	for _, c := range changes {
		_, r := logRecord(t.Context(), c)
		if n := len(r.Body().AsString()); n > 8*maxLabel {
			t.Errorf("a body of %d bytes", n)
		}
		for _, a := range programResource(&program{name: label(long), entry: record.Entry{}}).Attributes() {
			if len(a.Value.AsString()) > 4*maxLabel {
				t.Errorf("%s has %d bytes", a.Key, len(a.Value.AsString()))
			}
		}
	}
}
