// Healthy has programs that wait a lot and in which nothing is wrong: servers that idle, pools without jobs, tickers. Nothing may be reported of them.
//
//	healthy NAME DURATION
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

// programs are the programs by name. They end soon after their context does, and leave nothing behind.
var programs = map[string]func(context.Context) error{
	"pool-idle":      poolIdle,
	"pool-load":      poolLoad,
	"pipeline":       pipeline,
	"fanin":          fanIn,
	"pubsub":         pubSub,
	"ratelimit":      rateLimit,
	"ticker":         ticker,
	"group":          group,
	"semaphore":      semaphore,
	"queue":          queue,
	"cache":          cache,
	"singleflight":   singleFlight,
	"contexts":       contexts,
	"signals":        signals,
	"http-idle":      httpIdle,
	"http-load":      httpLoad,
	"http-shutdown":  httpShutdown,
	"http-longpoll":  httpLongPoll,
	"chat":           chat,
	"rpc":            rpcServer,
	"udp":            udp,
	"unix":           unixSocket,
	"iopipe":         ioPipe,
	"supervisor":     supervisor,
	"connpool":       connPool,
	"debounce":       debounce,
	"errors-cancel":  errorsCancel,
	"leader-standby": leaderStandby,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "healthy:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		for _, name := range slices.Sorted(maps.Keys(programs)) {
			fmt.Println(name)
		}
		return nil
	}
	if len(args) != 2 || programs[args[0]] == nil {
		return fmt.Errorf("usage: healthy NAME DURATION; without arguments it lists the names")
	}
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return programs[args[0]](ctx)
}

// every calls f at intervals until ctx is done.
func every(ctx context.Context, d time.Duration, f func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}

// start runs n goroutines of f and returns a function that waits for them.
func start(n int, f func(int)) (wait func()) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f(i)
		}()
	}
	return wg.Wait
}
