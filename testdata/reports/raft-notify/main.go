// github.com/hashicorp/raft as in hashicorp/nomad #6977, hashicorp/consul #6852: leadership flaps while the reader of NotifyCh waits for raft itself.
package main

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

type fsm struct{}

func (fsm) Apply(*raft.Log) interface{}         { return nil }
func (fsm) Snapshot() (raft.FSMSnapshot, error) { return nil, io.EOF }
func (fsm) Restore(rc io.ReadCloser) error      { return rc.Close() }

type server struct {
	raft   *raft.Raft
	notify chan bool
}

func (s *server) leaderLoop(stop chan struct{}) {
	time.Sleep(2 * time.Second) // establishing leadership: reads what the last leader left
	for {
		if err := s.raft.Barrier(0).Error(); err != nil { // @barrier
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *server) monitor() {
	var stop chan struct{}
	var wg sync.WaitGroup
	for leader := range s.notify { // @notify
		if leader {
			stop = make(chan struct{})
			wg.Add(1)
			go func(stop chan struct{}) { defer wg.Done(); s.leaderLoop(stop) }(stop)
		} else if stop != nil {
			close(stop)
			wg.Wait() // @wait
			stop = nil
		}
	}
}

func node(id string, notify chan bool, servers []raft.Server, tr *raft.InmemTransport) *raft.Raft {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(id)
	c.LogOutput = io.Discard
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 60*time.Millisecond, 60*time.Millisecond, 30*time.Millisecond
	c.CommitTimeout = 5 * time.Millisecond
	c.NotifyCh = notify
	st := raft.NewInmemStore()
	r, err := raft.NewRaft(c, fsm{}, st, st, raft.NewInmemSnapshotStore(), tr)
	if err != nil {
		panic(err)
	}
	r.BootstrapCluster(raft.Configuration{Servers: servers})
	return r
}

func main() {
	a1, t1 := raft.NewInmemTransport("a")
	a2, t2 := raft.NewInmemTransport("b")
	t1.Connect(a2, t2)
	t2.Connect(a1, t1)
	servers := []raft.Server{{ID: "a", Address: a1}, {ID: "b", Address: a2}}
	for _, n := range []struct {
		id string
		tr *raft.InmemTransport
	}{{"a", t1}, {"b", t2}} {
		s := &server{notify: make(chan bool, 1)}
		s.raft = node(n.id, s.notify, servers, n.tr)
		go s.monitor()
	}
	go func() { // a network that flaps
		for i := 0; i < 40; i++ {
			time.Sleep(150 * time.Millisecond)
			t1.Disconnect(a2)
			t2.Disconnect(a1)
			time.Sleep(45 * time.Millisecond)
			t1.Connect(a2, t2)
			t2.Connect(a1, t1)
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
