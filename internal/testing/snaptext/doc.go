// Package snaptext is snapshots as text, for tests: what a diagnosis is made of stands in the test as one would draw it
// on paper, and a record of bytes has a twin that can be read. A line is a word and its arguments, separated by blanks;
// an argument with blanks is quoted as in Go, # begins a comment, and indentation is for the eye.
//
//	taken 60s                         the moment of the snapshot; all times count from the program's start
//	state live                        of the process
//	unwatched 5s                      nobody saw when it ended; how long it had lived, if known
//	asleep                            the runtime ended it because all goroutines were asleep
//	states                            the states of all goroutines are known
//	dropped "objects forgotten" 3
//	call PROBE                        a request that was made
//	waited PROBE 12s 80ms 0=100 4=20  how long waits at a place were: all, the longest, and how many in each count
//
//	object 0xa1 chan jobs len=4 cap=4  also count=2 (of a WaitGroup), timer=stopped, of=program, shut
//	  made 1 PROBE 0s                 also sent, received, closed: goroutine, probe, time [exited]
//	  io network=tcp local=… remote=… unsent=0 unread=0 path=… peer=… lock=… pid=4711 reaped limit=3 deadline=70s (0s: none)
//	     handler=7                    who serves the request, in the program itself
//	     across=1 across=7            who can reach one of the ends of a connection both of which the program has
//	     "waiter=pid 4711 (sort)" fd=7 writes user=1   that process waits to write (or, without writes, to read) by the pipe fd 7
//
//	goroutine 7 waiting "chan send"   state, the runtime's reason, and leaked if the garbage collector says so
//	  wait PROBE 0xa1 12s [cap=4]     innermost first: object (or -), since
//	    io path=…                     as of an object, of a wait that has none
//	    case recv 0xa2                of a select
//	    more 3
//	  hold PROBE 0xb1 10s [read]
//	  step PROBE 12s                  newest first
//	  times 8                         the steps above are there eight times
//	  steps 100                       how many probes it has reached, if more than stand here
//	  created 1 main.main main.go:5
//	  frame main.worker main.go:31
//	  thread 4711
//	  owner 0xa1                      what it serves
//	  ends 0xa1                       the server that it shuts down
//	  label path /transfer            a profiler label
//	  born 1s                         when it reached its first probe
//	  blocked [12s] [never]           what the memory says of its wait; since when; never: in select {}, or on nil channels only
//	    on recv chan 0xa2 len=0 cap=1 "type=chan int" name=s.done    or send, or - where it is no channel
//	    near 9 main.f main.go:7       who has the address of that lock on its stack
//	  reach live more=2               what could end the wait: proven, live, or unknown and the reason
//	    waker goroutine 8 main.go:31 name "global main.m" map *main.s.done    or timer, finalizer, cleanup, global: place (-: unknown), name, path
//	  keeps 1024                      bytes that only it keeps alive
//	  test 3 TestServer/idle 7 1s [running]  number, name, the goroutine that runs it, when it began
//	  ran 12s                         processor time of its thread, on which it was found twice; -1ns: it was not
//	  starved 12s                     that looks saw it runnable and never running
//	  loop 12s looks=9 steps=7000     that looks saw it in the same loop; also cpu=1s reads=70 bytes=0 born=2
//	  passed PROBE recv 0xa2 …        the last select that it has left, and its cases
//
//	memory [kept=4096] [noproof=reason] [paused=1ms]    the program's memory was read
//	start lib.go:9 main.main main.go:5    a go statement of a library, and who called it, the innermost first
//	cpu 3s                            processor time of the program
//	reads 9 4096                      its system calls that read, and the bytes that they got
//	before                            what follows is an earlier look at it
//
//	orphan 9 PROBE 0xb1 10s [read]
//	  last PROBE
//
//	order 7 8                         goroutines that took one lock while they held another
//	  held PROBE 0xa1 [read]
//	  taken PROBE 0xb1 [read]
//	  gate 0xc1 [read]                that was held too
//	  span 1 3                        go statements before the first of the goroutines, and before the last time; default 0 0
//	  cycles 5 101                    last cycle of the garbage collector, and which before it, in binary; default: package variables
//	  caller main.ab main.go:31
//
// A PROBE is four arguments: op/kind file:line[:col] function expression, such as
//
//	lock/mutex a.go:31 main.worker a.mu.Lock()
//
// with "serve", "default", "request", "context", "bounded" or "unbounded" behind the kind, separated by a slash, for
// the flags of the site. What the objects are called, and what the channels are for, comes from the expression; where
// that does not tell, it stands behind the kind too:
//
//	recv/chan;object=jobs;roles=time a.go:31 main.worker <-jobs
//	io/conn/request;callee=net/http.Client.Do a.go:31 main.worker c.Do(req)
//
// The roles are those of the cases of a select, separated by commas; - is none. The goroutine's last probe is its
// newest step.
package snaptext
