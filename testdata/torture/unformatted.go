package main
import("sync";"time";"io";"strings")
func init(){add("unformatted",unformatted);add("unformatted-chans",unformattedChans)}
type unf struct{sync.Mutex;ch chan int;m map[string]*sync.RWMutex}
func unformatted(){u:=unf{ch:make(chan int,9),m:map[string]*sync.RWMutex{"a":{}}};u.Lock();u.ch<-n(1);u.ch<-n(2);u.Unlock()
u.ch<-3;u.ch<--4;u.ch<-+5;say(<-u.ch,<-u.ch,<-u.ch);if v,ok:=<-u.ch;ok{say(v)};for i:=0;i<2;i++{u.ch<-i}
  close(u.ch);for v:=range u.ch{say(v)};for range u.ch{};select{case v:=<-buf(1):say(v);default:say("never")}
select{case<-buf(1):};select{case <-(chan int)(nil):default:};func(){defer u.Unlock();u.Lock()}()
	{ u.m["a"].RLock();u.m["a"].RUnlock();defer u.m["a"].RUnlock();u.m[s("a")].RLock() }
var a,d=<-buf(1),<-buf(2);say(a,d);x:=[]int{<-buf(3),
<-buf(4),<-
buf(5),
};say(x);time.Sleep(1);for{select{case v,ok:=<-closed():say(v,ok);goto out};}
out:p,err:=io.ReadAll(strings.NewReader("x"));say(len(p),err)
	/* a */ buf() /* b */ <- /* c */ n /* d */ ( /* e */ 1 /* f */ ) /* g */ ; <- /* h */ buf(1) /* i */
for /* a */ v /* b */ := /* c */ range /* d */ closed(1) /* e */ { /* f */ say(v) /* g */ } // h
select /* a */ { /* b */ case /* c */ v /* d */ := /* e */ <- /* f */ buf(1) /* g */ : /* h */ say(v) /* i */ } // j
u /* a */ . /* b */ Lock /* c */ ( /* d */ ) ; u. /* x
y */ Unlock (
)
switch{case<-buf(1)==n(1):say("yes")}
wg:=&sync.WaitGroup{};wg.Add(1);go func(){wg.Done()}();wg.Wait();	make /* a */ ( /* b */ chan /* c */ int /* d */ , /* e */ 1 /* f */ ) <- 1
close /* a */ ( /* b */ buf /* c */ ( ) /* d */ , ) ; try ( "unformatted" , func ( ) { closed ( ) <- 1 } ) ; say ( "last" ) }
func unformattedChans(){ch:=closed(1,2,3,4,5,6);v,ok:=<-ch;x:=7;y:=make(chan int,9)
v,ok = (<-ch); _, ok = <-ch /* between */ ; /* and */ w, _ := <-ch; say(v,ok,w) // after
if <-ch; true { <-ch ; y <- x } else { y <- 9 };{y<-x;y<--x};y <- x; y <- x /* between */ ; /* and */ y <- x ; L: y<-x;if len(y)<7{goto L}
for v := range closed(5) {say(v)};for v :=
range closed(6) { if v == 6 { y<-v;continue }; say(v) }
for v:=range closed(1,2){say(v)};for range closed(3){say("each")};for v=range closed(4){};for _=range closed(5){y<-
v};	<- // the channel is below
y ; v, ok = /* a */ <- /* b */ y /* c */ ; say(v,ok);drain(y)
switch{case ok:y<-1;v,ok=<-y;fallthrough;default:y<-2;<-y};func(){defer func(){y<-6}();y<-5;<-y}();select{case<-y:y<-x;<-y;v,ok=<-ch};say(v,ok,len(y))
}
