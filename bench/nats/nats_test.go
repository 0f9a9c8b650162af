// Package nats measures what probes cost a real server: nats-server, under the load of NATS's own bench client.
package nats

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rounds is how often the client runs against each server in one iteration.
const rounds = 5

// programs are what is built once for all benchmarks.
type programs struct{ plain, probed, client string }

// BenchmarkServer has a benchmark for each load: publishers and subscribers, and bytes a message.
func BenchmarkServer(b *testing.B) {
	p := build(b)
	for _, load := range []struct {
		name string
		args string
		n    int // messages
	}{
		{"publish", "-np 2 -ns 0 -ms 128", 8_000_000},
		{"fan-out", "-np 1 -ns 4 -ms 128", 300_000},
		{"one-to-one", "-np 1 -ns 1 -ms 1024", 500_000},
	} {
		b.Run(load.name, func(b *testing.B) {
			for b.Loop() {
				measure(b, p, append(strings.Fields(load.args), "-n", strconv.Itoa(load.n), "bench"))
			}
		})
	}
}

// measure runs the client against both servers in turns, and reports the medians.
func measure(b *testing.B, p programs, args []string) {
	plain, probed := serve(b, p.plain), serve(b, p.probed)
	var without, with []float64
	for range rounds {
		without = append(without, throughput(b, p.client, plain, args))
		with = append(with, throughput(b, p.client, probed, args))
	}
	b.ReportMetric(median(without), "plain-msgs/s")
	b.ReportMetric(median(with), "probed-msgs/s")
	b.ReportMetric(median(with)/median(without), "ratio")
	b.ReportMetric(0, "ns/op") // of the whole measurement: says nothing
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// build builds the server without and with probes, and the client.
func build(b *testing.B) programs {
	b.Helper()
	dir := b.TempDir()
	awaittrace := filepath.Join(dir, "awaittrace")
	command(b, "../..", "go", "build", "-o", awaittrace, "./cmd/awaittrace")

	// Only packages of the main module get probes: build the server in a copy of its own module.
	module := strings.TrimSpace(command(b, ".", "go", "list", "-m", "-f", "{{.Dir}}",
		"github.com/nats-io/nats-server/v2"))
	source := filepath.Join(dir, "nats-server")
	if err := os.CopyFS(source, os.DirFS(module)); err != nil {
		b.Fatal(err)
	}
	p := programs{filepath.Join(dir, "plain"), filepath.Join(dir, "probed"), filepath.Join(dir, "client")}
	command(b, source, "go", "build", "-o", p.plain, ".")
	command(b, source, awaittrace, "build", "-o", p.probed, ".")
	command(b, ".", "go", "build", "-o", p.client, "github.com/nats-io/nats.go/examples/nats-bench")
	return p
}

// command runs a program in dir to its end and returns what it prints.
func command(b *testing.B, dir, name string, args ...string) string {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s %v: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}

// serve starts a server, and returns its address when it answers. It is killed at the end of the benchmark.
func serve(b *testing.B, program string) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	records := b.TempDir()
	if err := os.Chmod(records, 0o700); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "-a", "127.0.0.1", "-p", strconv.Itoa(addr.Port))
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		if shm, err := os.MkdirTemp("/dev/shm", "awaittrace-bench-"); err == nil {
			b.Cleanup(func() { os.RemoveAll(shm) })
			records = shm // a record belongs into memory
		}
	}
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+records)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			conn.Close()
			return addr.String()
		}
		if time.Now().After(end) {
			b.Fatalf("the server does not answer: %v", err)
		}
	}
}

// throughput runs the client once, and returns the messages a second of all publishers and subscribers together.
func throughput(b *testing.B, client, addr string, args []string) float64 {
	b.Helper()
	out := command(b, ".", client, append([]string{"-s", "nats://" + addr}, args...)...)
	rate, err := parseRate(out)
	if err != nil {
		b.Fatalf("%v in:\n%s", err, out)
	}
	return rate
}

var first = regexp.MustCompile(`([\d,]+) msgs/sec`)

// parseRate reads the first rate of the client's report, which is the total where there are several.
func parseRate(out string) (float64, error) {
	m := first.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("no rate")
	}
	return strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
}

func TestParseRate(t *testing.T) {
	rate, err := parseRate("\nNATS Pub/Sub stats: 1,234,567 msgs/sec ~ 150.70 MB/sec\n" +
		" Pub stats: 5 msgs/sec ~ 1 B/sec\n")
	if err != nil || rate != 1234567 {
		t.Errorf("%v, %v", rate, err)
	}
	if _, err := parseRate("nothing"); err == nil {
		t.Error("no error")
	}
}
