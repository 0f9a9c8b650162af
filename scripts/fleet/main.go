//go:build linux

// Command fleet runs awaittrace serve with what is not ours beside it.
//
//	go run ./scripts/fleet alert      a real Prometheus and Alertmanager
//	go run ./scripts/fleet scale      many programs, some of them large
//	go run ./scripts/fleet churn      10,000 programs that come and go
//	go run ./scripts/fleet collector  a real OpenTelemetry collector
//
// Alert builds a program that gets into a deadlock, lets Prometheus scrape serve, holds the metrics against promtool,
// each query of the dashboard against the answer, and waits for the alert. It takes about three minutes. The engines
// are those of Debian, which it unpacks with apt and dpkg into a temporary folder, unless -bin names a folder that has
// prometheus, promtool and prometheus-alertmanager.
//
// Scale begins 200 programs of 1,000 goroutines and 5 of 100,000, which takes 5 GB, and tells what serve uses of
// processor and memory. Churn tells what is left in serve of programs that ended, were killed, or replaced themselves.
//
// Collector builds an OpenTelemetry collector of scripts/fleet/collector, which takes about 12 minutes the first time,
// and waits until findings and metrics of a program in a deadlock have come there.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

var (
	bin  = flag.String("bin", "", "alert: folder with prometheus, promtool and prometheus-alertmanager")
	jobs = flag.Int("jobs", 10,
		"scale: how many jobs each small program has a second; the large ones have twenty times as many")
	rounds   = flag.Int("rounds", 20, "scale: how many rounds are measured")
	programs = flag.Int("programs", 10_000, "churn: how many programs come and go")
	exe      = flag.String("collector", "", "collector: the executable of a collector that was built before")
)

// template is a file that Debian's Alertmanager does not start without.
const template = "/usr/share/prometheus/alertmanager/default.tmpl"

func main() {
	script.Main("fleet", func(s *script.Script, args []string) error {
		parts := map[string]func(*script.Script) error{"alert": alert, "scale": scale, "churn": churn,
			"collector": collect}
		if len(args) != 1 || parts[args[0]] == nil {
			return script.Usagef("want one of %s", strings.Join(slices.Sorted(maps.Keys(parts)), ", "))
		}
		return parts[args[0]](s)
	})
}

// folders are those of the programs that serve is tried on.
var folders = map[string]string{"bank": "dlvext/testdata/bank", "pool": "scripts/fleet/pool"}

// prepare builds awaittrace, and programs with probes beside it, and makes a folder for their records. It returns the
// paths of the command and of the folder.
func prepare(s *script.Script, programs ...string) (at, records string, err error) {
	if at, err = s.Awaittrace(); err != nil {
		return "", "", err
	}
	for _, name := range programs {
		if err := s.Run("", at, "build", "-C", folders[name], "-o", s.Path(name), "."); err != nil {
			return "", "", err
		}
	}
	records = s.Path("records")
	return at, records, os.Mkdir(records, 0o700)
}

func alert(s *script.Script) error {
	dir := s.Work
	if *bin == "" {
		*bin = filepath.Join(dir, "usr/bin")
		const fetch = "apt-get download -qq prometheus prometheus-alertmanager && " +
			"for d in *.deb; do dpkg -x $d .; done"
		if err := s.Run(dir, "sh", "-c", fetch); err != nil {
			return fmt.Errorf("cannot get the engines: %w", err)
		}
	}
	tool := filepath.Join(*bin, "promtool")
	rules, err := filepath.Abs("deploy/prometheus/awaittrace.rules.yml")
	if err != nil {
		return err
	}
	if err := s.Run("", tool, "test", "rules", strings.Replace(rules, ".rules.", ".rules_test.", 1)); err != nil {
		return fmt.Errorf("the tests of the rules: %w", err)
	}
	at, records, err := prepare(s, "bank", "pool")
	if err != nil {
		return err
	}
	bank, pool := s.Path("bank"), s.Path("pool")
	ours, prom, am := address(), address(), address()
	config := fmt.Sprintf(`global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: [%q]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs: [{job_name: awaittrace, static_configs: [{targets: [%q]}]}]
`, rules, am, ours)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "alertmanager.yml"),
		[]byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600); err != nil {
		return err
	}
	env := append(os.Environ(), "AWAITTRACE_DIR="+records, "AWAITTRACE_AFTER=2s")
	engines := [][]string{
		{bank},
		{pool, "20", "20"},
		{at, "serve", "-listen", ours, "-every", "2s"},
		{filepath.Join(*bin, "prometheus"), "--config.file=prometheus.yml", "--enable-feature=native-histograms",
			"--storage.tsdb.path=" + filepath.Join(dir, "tsdb"), "--web.listen-address=" + prom},
	}
	alerts := []string{"http://" + prom + "/api/v1/query?query=" +
		url.QueryEscape(`ALERTS{alertname="GoroutinesDeadlocked",alertstate="firing"}`)}
	if _, err := os.Stat(template); err == nil {
		engines = append(engines, []string{filepath.Join(*bin, "prometheus-alertmanager"),
			"--config.file=alertmanager.yml", "--storage.path=" + filepath.Join(dir, "am"),
			"--web.listen-address=" + am, "--cluster.listen-address="})
		alerts = append(alerts, "http://"+am+"/api/v2/alerts")
	} else {
		fmt.Println("without Alertmanager: Debian's needs " + template + ", which apt-get install puts there")
	}
	for _, args := range engines {
		cmd := command(dir, args[0], args[1:]...)
		var out bytes.Buffer
		cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &out
		if err := cmd.Start(); err != nil {
			return err
		}
		defer func() {
			cmd.Process.Kill()
			cmd.Wait()
		}()
	}
	if err := until(time.Minute, "a deadlock in the metrics", func() bool {
		text, err := get("http://" + ours + "/metrics")
		return err == nil && strings.Contains(text, `kind="deadlock",program="bank"`)
	}); err != nil {
		return err
	}
	text, err := get("http://" + ours + "/metrics")
	if err != nil {
		return err
	}
	check := command("", tool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if err := check.Run(); err != nil {
		return fmt.Errorf("promtool check metrics: %w", err)
	}
	fmt.Println("promtool has nothing to say of the metrics")
	if err := queries("http://" + prom); err != nil {
		return err
	}
	began := time.Now()
	for _, from := range alerts {
		if err := until(4*time.Minute, "the alert GoroutinesDeadlocked at "+from, func() bool {
			text, err := get(from)
			return err == nil && strings.Contains(text, "GoroutinesDeadlocked")
		}); err != nil {
			return err
		}
		at, _ := url.Parse(from)
		fmt.Printf("%s%s has the alert GoroutinesDeadlocked, after %v\n", at.Host, at.Path,
			time.Since(began).Round(time.Second))
	}
	return nil
}

// queries asks Prometheus each query of the dashboard, which must answer with series.
func queries(prom string) error {
	b, err := os.ReadFile("deploy/grafana/awaittrace.json")
	if err != nil {
		return err
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &dashboard); err != nil {
		return err
	}
	for _, p := range dashboard.Panels {
		for _, t := range p.Targets {
			expr := regexp.MustCompile(`\$\w+`).ReplaceAllString(strings.ReplaceAll(t.Expr, "$__rate_interval", "1m"),
				".*")
			if err := until(time.Minute, "an answer to "+expr, func() bool {
				text, err := get(prom + "/api/v1/query?query=" + url.QueryEscape(expr))
				return err == nil && strings.Contains(text, `"value":`)
			}); err != nil {
				return err
			}
			fmt.Printf("the panel %q has series\n", p.Title)
		}
	}
	return nil
}

func until(patience time.Duration, what string, done func() bool) error {
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			return fmt.Errorf("there is not %s after %v", what, patience)
		}
	}
	return nil
}

func get(url string) (string, error) {
	res, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

// address returns one of loopback where nobody listens.
func address() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// command makes a command that ends with this one.
func command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
