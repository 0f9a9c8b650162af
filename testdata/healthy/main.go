// Healthy has programs that wait a lot and in which nothing is wrong: servers that idle, pools without jobs, tickers. Nothing may be reported of them.
//
//	healthy			lists the programs; heavy ones take a processor
//	healthy NAME DURATION
//	healthy all DURATION	all at once, except for the heavy ones
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
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

	// Those below come as near to a bug as they can: each is the twin of some of testdata/reports.
	"busy-semaphore":  busySemaphore,
	"slow-consumer":   slowConsumer,
	"full-buffer":     fullBuffer,
	"actors":          actors,
	"lock-convoy":     lockConvoy,
	"slow-writer":     slowWriter,
	"nested-pool":     nestedPool,
	"bounded-group":   boundedGroup,
	"waiters":         waiters,
	"busy-database":   busyDatabase,
	"objects":         objects,
	"after-send":      afterSend,
	"after-close":     afterClose,
	"lazy-channel":    lazyChannel,
	"after-context":   afterContext,
	"finalizer":       finalizer,
	"global-map":      globalMap,
	"late-done":       lateDone,
	"rare-broadcast":  rareBroadcast,
	"quiet-night":     quietNight,
	"live-polls":      livePolls,
	"shutdown-hook":   shutdownHook,
	"reload":          reload,
	"short-channels":  shortChannels,
	"slow-once":       slowOnce,
	"gains-clients":   gainsClients,
	"warm-up":         warmUp,
	"turnover":        turnover,
	"long-answers":    longAnswers,
	"few-connections": fewConnections,
	"graceful":        graceful,
	"slow-reader":     slowReader,
	"peers":           peers,
	"slow-stream":     slowStream,
	"slow-body":       slowBody,
	"commands":        commands,
	"backoff":         backoff,
	"fast-polls":      fastPolls,
	"ping-pong":       pingPong,
	"batches":         batches,
	"locked-work":     lockedWork,
	"stepwise":        stepwise,
	"frames":          frames,
	"try-locks":       tryLocks,
	"lines":           lines,
	"dials":           dials,
	"drains":          drains,
	"requeue":         requeue,
	"slow-bucket":     slowBucket,
	"mailbox":         mailbox,
	"free-list":       freeList,
	"handover":        handover,
	"quit-handlers":   quitHandlers,
	"two-servers":     twoServers,
	"nested-queries":  nestedQueries,
	"tickets":         tickets,
	"each-client":     eachClient,
	"open-bodies":     openBodies,
	"weighted":        weighted,
	"limited":         limited,
	"busy-workers":    busyWorkers,
	"file-lock":       fileLock,
	"slow-c":          slowC,
	"closed-sessions": closedSessions,
	"notified":        notified,
	"reconnects":      reconnects,
	"put-back":        putBack,
	"leases":          leases,
	"own-pipe":        ownPipe,
	"recovered":       recovered,
	"rare-messages":   rareMessages,
	"slow-output":     slowOutput,
	"filter-process":  filterProcess,
	"callbacks":       callbacks,
	"deadlines":       deadlines,
	"served-queue":    servedQueue,
}

// heavy are the programs that take a processor.
var heavy = map[string]bool{"ping-pong": true, "batches": true, "http-load": true, "locked-work": true, "stepwise": true, "frames": true, "lines": true, "dials": true, "drains": true, "served-queue": true}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "healthy:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		for _, name := range names() {
			if heavy[name] {
				name += " heavy"
			}
			fmt.Println(name)
		}
		return nil
	}
	if len(args) != 2 || args[0] != "all" && programs[args[0]] == nil {
		return fmt.Errorf("usage: healthy NAME|all DURATION; without arguments it lists the names")
	}
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if args[0] != "all" {
		return programs[args[0]](ctx)
	}
	errs := make([]error, len(programs))
	names := names()
	start(len(names), func(i int) {
		if !heavy[names[i]] {
			errs[i] = programs[names[i]](ctx)
		}
	})()
	return errors.Join(errs...)
}

// names returns the names of the programs, sorted.
func names() (list []string) {
	for name := range programs {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
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
	for i := 0; i < n; i++ {
		i := i // of each goroutine, before Go 1.22 too
		wg.Add(1)
		go func() {
			defer wg.Done()
			f(i)
		}()
	}
	return wg.Wait
}
