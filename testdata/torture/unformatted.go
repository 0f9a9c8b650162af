package main
import("sync";"time";"io";"strings")
func init(){add("unformatted",unformatted)}
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
