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

// Options say how programs are looked at, and who is told.
type Options struct {
	// Dir is the folder of the records.
	Dir string
	// After is how long a wait is before it is called stuck; zero: that of the run that watches a program, or else the default.
	After time.Duration
	// Every is how often all programs are looked at.
	Every time.Duration
	// Prove says whether the heap of a program is read too, for which it stands still, at most once per ProveEvery.
	Prove      inspect.Prove
	ProveEvery time.Duration
	// Keep is a folder for the reports of programs of which something has changed; empty: none are kept.
	Keep string
	// WebConfig is a file of Prometheus' exporter-toolkit, for TLS and passwords; empty: neither.
	WebConfig string
	// Source returns the text of a source file, for the page; nil shows none.
	Source func(file string) ([]byte, error)
	// Version is that of awaittrace.
	Version string
	// Getenv is os.Getenv, for OpenTelemetry's variables.
	Getenv func(string) string
	// Log gets what goes wrong; nil: nobody does.
	Log *slog.Logger
}

// shutdownPatience is how long requests and exports have at the end.
const shutdownPatience = 3 * time.Second

// Serve answers on listener, and looks at all programs from time to time, until ctx is done. It closes listener.
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
	server := &http.Server{Handler: newHandler(s, opt), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
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

// watch looks at all programs every Options.Every, and tells who wants to know what has changed.
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
