package serve

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

// waited has more sites with locks than are told, and one with a channel, where a goroutine with a trace waits.
func waited() string {
	text := `taken 60s
waited recv/chan /src/app/pool/worker.go:20 main.work <-jobs 10s 7s 0=3 9=2
goroutine 7 waiting
  wait recv/chan /src/app/pool/worker.go:20 main.work <-jobs 0xc1 40s
  step recv/chan /src/app/pool/worker.go:20 main.work <-jobs 40s
  label trace_id 4bf92f3577b34da6a3ce929d0e0e4736
goroutine 8 waiting
  wait recv/chan /src/app/pool/worker.go:20 main.work <-jobs 0xc1 1s
  step recv/chan /src/app/pool/worker.go:20 main.work <-jobs 1s
waited io/conn a.go:9 main.read c.Read(b) 100s 80ms 4=20
`
	for i := range maxSites + 2 {
		text += fmt.Sprintf("waited lock/mutex a.go:%d main.f mu.Lock() %ds 80ms 4=20\n", i+10, 100-i)
	}
	return text
}

// TestWaits: waits are native histograms of the first sites, with classic buckets and exemplars.
func TestWaits(t *testing.T) {
	s := surveyed(t, map[string]string{"shop": waited(), "other": waited()})
	again := s.program(programID{99, 1}, s.programs[programID{11, 1}].entry)
	again.name = "shop"
	s.note(again, s.programs[programID{11, 1}].last, false) // of the same name and container
	registry := newRegistry(s, "v1")
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(err, problems)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]*dto.Histogram)
	series := make(map[string]int)
	for _, f := range families {
		for _, m := range f.Metric {
			if m.Histogram == nil {
				continue
			}
			labels := ""
			for _, l := range m.Label {
				labels += l.GetName() + "=" + l.GetValue() + " "
			}
			found[f.GetName()+" "+labels] = m.Histogram
			series[f.GetName()]++
		}
	}
	if series["awaittrace_lock_wait_seconds"] != 2*maxSites || series["awaittrace_channel_wait_seconds"] != 2 ||
		len(series) != 2 {
		t.Errorf("series %v", series)
	}
	h := found["awaittrace_channel_wait_seconds container=web function=main.work program=shop site=pool/worker.go:20 "]
	if h == nil {
		t.Fatalf("there is %v", found)
	}
	// Index 1 of schema 0 is from 1 to 2 seconds.
	if h.GetSampleCount() != 10 || h.GetSampleSum() != 20 || h.GetZeroCount() != 6 || h.GetZeroThreshold() != 1.0/256 ||
		h.GetSchema() != 0 ||
		len(h.PositiveSpan) != 1 || h.PositiveSpan[0].GetOffset() != 1 || h.PositiveDelta[0] != 4 {
		t.Errorf("the histogram is %v", h)
	}
	if len(h.Exemplars) != 1 || h.Exemplars[0].GetValue() != 20 ||
		h.Exemplars[0].Label[0].GetValue() != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("the exemplars are %v", h.Exemplars)
	}
	server := httptest.NewServer(newHandler(s, s.opt))
	defer server.Close()
	req := httptest.NewRequest("GET", server.URL+"/metrics", nil)
	req.RequestURI = ""
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	const labels = `container="web",function="main.work",program="shop",site="pool/worker.go:20"`
	for _, want := range []string{
		`awaittrace_channel_wait_seconds_bucket{` + labels + `,le="0.0625"} 6` + "\n",
		`awaittrace_channel_wait_seconds_bucket{` + labels +
			`,le="256.0"} 10 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 20.0 `,
		`awaittrace_channel_wait_seconds_sum{` + labels + `} 20.0` + "\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}
