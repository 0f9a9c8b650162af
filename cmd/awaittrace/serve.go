//go:build !lite

package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/serve"
)

func serveVerb() *cli.Command {
	return &cli.Command{
		Name:     "serve",
		Category: verbsLook,
		Usage:    "serve all programs of this host to Prometheus, OpenTelemetry, pprof and browsers",
		Description: `Serve looks at all instrumented programs that you may look into, in whatever containers they run, by their records alone: none of them is stopped. It answers

	/                                      the programs, for a browser
	/report/PROGRAM                        the report on one, as a page; ?f=json, text, dot, pprof, trace, junit or sarif
	/metrics                               Prometheus' metrics
	/debug/pprof/awaittrace?program=NAME   a profile of its goroutines, for whatever scrapes pprof
	/livez?program=NAME                    503 if it is in a deadlock that is certain, or waits for an orphaned lock; &kind=leak,… for others
	/-/healthy                             whether serve itself is well

PROGRAM is a name or a pid. Findings that appear or go, and the metrics, are also pushed by OTLP where OTEL_EXPORTER_OTLP_ENDPOINT names a receiver; OpenTelemetry's other variables are obeyed.

	awaittrace serve
	awaittrace serve -listen :9467 -web-config web.yml
	OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 awaittrace serve -keep /var/lib/awaittrace

docs/fleet.md has the metrics, the alerts and a dashboard.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:9467", Usage: "answer at `ADDRESS`"},
			&cli.StringFlag{Name: "web-config",
				Usage: "take TLS and passwords from `FILE`, in the form of Prometheus' exporter-toolkit"},
			&cli.DurationFlag{Name: "every", Value: 15 * time.Second, Usage: "look at all programs every `D`"},
			afterFlag(),
			&cli.StringFlag{Name: "keep", Usage: "keep a report in `DIR` when findings of a program change"},
			&cli.StringFlag{
				Name: "prove", Value: string(inspect.ProveNever),
				Usage: "read the heap of programs, to prove leaks: `WHEN` is auto, if a program stands still for at " +
					"most 200 ms, always or never",
			},
			&cli.BoolFlag{Name: "no-source", Usage: "leave the lines of the source out of pages"},
			&cli.DurationFlag{Name: "prove-every", Value: 10 * time.Minute,
				Usage: "read the heap of a program at most once every `D`"},
		},
		Action: serveHost,
	}
}

func serveHost(c *cli.Context) error {
	if err := checkArgs(c, 0); err != nil {
		return err
	}
	after, err := askedAfter(c)
	if err != nil {
		return err
	}
	prove := inspect.Prove(c.String("prove"))
	if !slices.Contains(inspect.Proves, prove) {
		return usageError(c, fmt.Errorf("invalid -prove %q (want auto, always or never)", prove))
	}
	for _, name := range []string{"every", "prove-every"} {
		if d := c.Duration(name); d < time.Second {
			return usageError(c, fmt.Errorf("invalid -%s %v: must be at least 1s", name, d))
		}
	}
	source := report.ReadSource
	if c.Bool("no-source") {
		source = nil
	}
	if err := checkAddress(c.String("listen")); err != nil {
		return usageError(c, fmt.Errorf("invalid -listen %q: %w", c.String("listen"), err))
	}
	listener, err := net.Listen("tcp", c.String("listen"))
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	at := "http://" + listener.Addr().String()
	if c.String("web-config") != "" { // whose log says whether it is https
		at = "on " + listener.Addr().String()
	}
	defer boundMemory(serveGC, serveLimit)()
	return serve.Serve(c.Context, listener, serve.Options{
		Dir: record.Dir(), After: after, Every: c.Duration("every"), Prove: prove,
		ProveEvery: c.Duration("prove-every"),
		Keep:       c.String("keep"), WebConfig: c.String("web-config"), Source: source,
		Version: cmp.Or(moduleVersion(), "unknown"), Getenv: os.Getenv,
		Log:   slog.New(slog.NewTextHandler(c.App.ErrWriter, nil)),
		Ready: func() { fmt.Fprintf(c.App.ErrWriter, "awaittrace: serving %s\n", at) },
	})
}

// checkAddress checks the form of a host and a port to listen at.
func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("want HOST:PORT, or :PORT")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("there is no port %q", port)
	}
	return nil
}
