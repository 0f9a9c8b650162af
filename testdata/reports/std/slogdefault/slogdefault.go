// Package slogdefault wraps the handler of the default logger of log/slog, and makes that the default.
package slogdefault

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// A levels drops what is below a level.
type levels struct {
	slog.Handler
	min slog.Level
}

func (l levels) Enabled(_ context.Context, level slog.Level) bool { return level >= l.min }

func serve(n int) {
	slog.Info("request", "n", n) // @info
}

func Main() {
	slog.SetDefault(slog.New(levels{slog.Default().Handler(), slog.LevelInfo}))
	go serve(0)
	time.Sleep(100 * time.Millisecond)
	for n := range 4 {
		go serve(n + 1)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
