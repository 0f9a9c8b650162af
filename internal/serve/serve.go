package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
)

// Options say how Serve looks at programs, and where it reports.
type Options struct {
	// Dir is the folder of the records.
	Dir string
	// After is how long a wait is before it is called stuck; zero means that of the program's run, or else the default.
	After time.Duration
	// Every is the time between two rounds.
	Every time.Duration
	// Prove says whether to read the heap of a program too, which stops it, at most once per ProveEvery.
	Prove      inspect.Prove
	ProveEvery time.Duration
	// Keep is a folder for reports of programs whose findings changed; empty keeps none.
	Keep string
	// WebConfig is a file of Prometheus' exporter-toolkit, for TLS and passwords; empty means neither.
	WebConfig string
	// Source returns the text of a source file, for the page; nil shows none.
	Source func(file string) ([]byte, error)
	// Version is awaittrace's version.
	Version string
	// Getenv is os.Getenv, for OpenTelemetry's variables.
	Getenv func(string) string
	// Log gets errors; nil drops them.
	Log *slog.Logger
	// Ready, if not nil, is called before the first request is answered, once all options have been accepted.
	Ready func()
}

// shutdownPatience bounds requests and exports at the end.
const shutdownPatience = 3 * time.Second

// Serve serves on listener, and looks at all programs from time to time, until ctx is done. It closes listener.
func Serve(ctx context.Context, listener net.Listener, opt Options) error {
	defer listener.Close()
	if opt.WebConfig != "" {
		if err := web.Validate(opt.WebConfig); err != nil {
			return fmt.Errorf("invalid -web-config %s: %w", opt.WebConfig, err)
		}
	}
	s := newSurvey(opt)
	opt = s.opt
	k, err := openKeep(opt.Keep)
	if err != nil {
		return err
	}
	push, err := newTelemetry(ctx, s)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newHandler(s, opt), ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	if opt.Ready != nil {
		opt.Ready()
	}
	go func() {
		failed <- web.Serve(listener, server, &web.FlagConfig{WebConfigFile: &opt.WebConfig}, opt.Log)
	}()
	err = s.watch(ctx, k, push, failed)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownPatience)
	defer cancel()
	server.Shutdown(stop)
	if err := push.shutdown(stop); err != nil {
		opt.Log.Warn("OpenTelemetry has not got everything", "err", err)
	}
	return err
}

// watch makes a round every Options.Every, and passes on what has changed.
func (s *survey) watch(ctx context.Context, k *keep, push *telemetry, failed <-chan error) error {
	tick := time.NewTicker(s.opt.Every)
	defer tick.Stop()
	for {
		err := s.refresh(ctx, func(changes []change, r *diagnose.Report) {
			push.tell(ctx, changes)
			k.note(s.opt.Log, changes, r)
		})
		if err != nil && ctx.Err() == nil {
			s.opt.Log.Error("cannot list the programs", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			if errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return err
		case <-tick.C:
		}
	}
}
