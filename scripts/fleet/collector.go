//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// A buffer is a bytes.Buffer that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// collect lets serve push to a real collector, which prints what it gets: a finding as a log record, the metrics, and
// the histograms of waits.
func collect(s *script.Script) error {
	dir := s.Work
	collector := *exe
	if collector == "" {
		collector = s.Path("collector")
		if err := s.Run("", "go", "build", "-C", "scripts/fleet/collector", "-o", collector, "."); err != nil {
			return err
		}
	}
	at, records, err := prepare(s, "bank", "pool")
	if err != nil {
		return err
	}
	bank, pool := s.Path("bank"), s.Path("pool")
	endpoint := address()
	config := s.Path("collector.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `receivers: {otlp: {protocols: {http: {endpoint: %q}}}}
exporters: {debug: {verbosity: detailed, sampling_initial: 1000000}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [otlp], exporters: [debug]}
    metrics: {receivers: [otlp], exporters: [debug]}
`, endpoint), 0o600); err != nil {
		return err
	}
	env := append(os.Environ(), "AWAITTRACE_DIR="+records, "AWAITTRACE_AFTER=2s",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+endpoint, "OTEL_METRIC_EXPORT_INTERVAL=2000",
		"OTEL_BLRP_SCHEDULE_DELAY=500")
	var out buffer
	for _, args := range [][]string{
		{collector, "--config", config},
		{bank},
		{pool, "20", "20"},
		{at, "serve", "-listen", address(), "-every", "2s"},
	} {
		cmd := command(dir, args[0], args[1:]...)
		cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &out
		if err := cmd.Start(); err != nil {
			return err
		}
		defer func() {
			cmd.Process.Kill()
			cmd.Wait()
		}()
	}
	for _, want := range []struct{ what, text string }{
		{"a finding that appeared", "EventName: awaittrace.finding.appeared"},
		{"its severity", "SeverityText: ERROR"},
		{"its program", "service.name: Str(bank)"},
		{"its line", "code.line.number: Int("},
		{"how many goroutines are stuck", "Name: awaittrace.stuck_goroutines"},
		{"how long goroutines waited", "Name: awaittrace.channel_wait"},
		{"an exponential histogram", "DataType: ExponentialHistogram"},
	} {
		if err := until(2*time.Minute, want.what,
			func() bool { return strings.Contains(out.String(), want.text) }); err != nil {
			return fmt.Errorf("%w:\n%s", err, out.String())
		}
		fmt.Println("the collector got", want.what)
	}
	return nil
}
