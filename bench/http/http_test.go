// Package http measures what probes cost a small HTTP service.
package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	rounds      = 7 // of each program in one iteration
	connections = 8
	requests    = 12_500 // on each connection
)

// variants are the ways in which the service is built, with the arguments of awaittrace; none: by go build.
var variants = []struct {
	name string
	args []string
}{
	{"plain", nil},
	{"modules", []string{"-deps", "all"}},
	{"std", []string{"-deps", "all,std"}},
}

// BenchmarkService runs the variants in turns, and reports the processor time of each for a request: the least, and the
// median ratio to the plain one.
func BenchmarkService(b *testing.B) {
	programs := build(b)
	for b.Loop() {
		times := make([][]time.Duration, len(variants))
		for range rounds {
			for i, program := range programs {
				times[i] = append(times[i], serve(b, program))
			}
		}
		for i, v := range variants {
			ratios := make([]float64, rounds)
			for k := range ratios {
				ratios[k] = float64(times[i][k]) / float64(times[0][k])
			}
			slices.Sort(ratios)
			b.ReportMetric(slices.Min(times[i]).Seconds()*1e6/(connections*requests), v.name+"-µs/request")
			b.ReportMetric(ratios[rounds/2], v.name+"-ratio")
		}
		b.ReportMetric(0, "ns/op") // of the whole measurement: says nothing
	}
}

// build builds the variants of the service.
func build(b *testing.B) (programs []string) {
	b.Helper()
	dir := b.TempDir()
	awaittrace := filepath.Join(dir, "awaittrace")
	run(b, "../..", "go", "build", "-o", awaittrace, "./cmd/awaittrace")
	for _, v := range variants {
		program := filepath.Join(dir, v.name)
		if v.args == nil {
			run(b, ".", "go", "build", "-o", program, "./hello")
		} else {
			run(b, ".", awaittrace, append(append([]string{"build", "-o", program}, v.args...), "./hello")...)
		}
		programs = append(programs, program)
	}
	return programs
}

func run(b *testing.B, dir, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// serve starts a program, sends it requests, ends it, and returns the processor time that it took.
func serve(b *testing.B, program string) time.Duration {
	b.Helper()
	records, err := os.MkdirTemp(memory(b), "awaittrace-bench-")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(records)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+records)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		err = load(strings.TrimSpace(line))
	}
	stdin.Close()
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		b.Fatal(err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// memory returns a folder in memory, where a record belongs, or else a temporary one.
func memory(b *testing.B) string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return b.TempDir()
}

// load sends all requests on all connections.
func load(addr string) error {
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = loadOne(addr) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func loadOne(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for range requests {
		if _, err := io.WriteString(conn, "GET /hello/gopher HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		resp.Body.Close()
	}
	return nil
}
