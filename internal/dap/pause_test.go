package dap

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

// A fakeDelve answers requests, and sends the stop that follows a pause.
type fakeDelve struct {
	conn  net.Conn
	asked chan string // the commands of requests
}

func (d *fakeDelve) write(t *testing.T, text string) {
	t.Helper()
	if _, err := d.conn.Write(frame([]byte(text))); err != nil {
		t.Error(err)
	}
}

func (d *fakeDelve) serve() {
	for r := bufio.NewReader(d.conn); ; {
		_, body, err := readMessage(r)
		m, ok := parse(nil, body)
		if err != nil || !ok {
			return
		}
		answer := fmt.Sprintf(`{"seq":2,"type":"response","request_seq":%d,"success":true,"command":%q}`, m.Seq,
			m.Command)
		if _, err := d.conn.Write(frame([]byte(answer))); err != nil {
			return
		}
		d.asked <- m.Command
	}
}

const pausedEvent = `{"seq":3,"type":"event","event":"stopped","body":{"reason":"pause","threadId":1}}`

// TestPause stops the program for the watcher. The client sees that stop only if it has asked for one too, before Delve
// stops or after.
func TestPause(t *testing.T) {
	for _, when := range []string{"never", "before", "after"} {
		t.Run(when, func(t *testing.T) {
			client, conn, p := proxyBetween(t)
			d := &fakeDelve{conn, make(chan string, 10)}
			go d.serve()
			events := make(chan string, 10)
			go func() {
				for in := bufio.NewReader(client); ; {
					_, body, err := readMessage(in)
					if err != nil {
						return
					}
					if strings.Contains(string(body), `"event":"stopped"`) {
						events <- string(body)
					}
				}
			}()
			send := func(seq int, command string) {
				t.Helper()
				if _, err := client.Write(frame(fmt.Appendf(nil, `{"seq":%d,"type":"request","command":%q}`, seq,
					command))); err != nil {
					t.Fatal(err)
				}
				for got := range d.asked {
					if got == command {
						return
					}
				}
			}
			send(1, "configurationDone")
			type result struct {
				s   *stop
				err error
			}
			results := make(chan result, 1)
			go func() {
				s, err := p.pause(make(chan struct{}))
				results <- result{s, err}
			}()
			if got := <-d.asked; got != "pause" {
				t.Fatalf("Delve is asked for %s", got)
			}
			if when == "before" {
				send(2, "pause")
			}
			d.write(t, pausedEvent)
			res := <-results
			if when == "before" {
				if res.err == nil {
					t.Error("the watcher has taken the client's stop")
				}
				<-events
				return
			}
			if res.err != nil {
				t.Fatal(res.err)
			}
			if when == "after" {
				send(2, "pause")
				p.goOn(res.s)
				<-events
				return
			}
			p.goOn(res.s)
			if got := <-d.asked; got != "continue" {
				t.Errorf("after the look Delve is asked for %s", got)
			}
			d.write(t, strings.Replace(pausedEvent, "pause", "breakpoint", 1))
			if got := <-events; !strings.Contains(got, "breakpoint") {
				t.Errorf("the client sees %s", got)
			}
		})
	}
}

// TestForgets checks that a finding that the client was told of one program is news of the next.
func TestForgets(t *testing.T) {
	_, _, p := proxyBetween(t)
	known := func() any {
		p.watcher.mu.Lock()
		defer p.watcher.mu.Unlock()
		p.known()
		return p.watcher.findings
	}
	first := known()
	if known() != first {
		t.Error("what was told is forgotten while the program is the same")
	}
	over := p.watcher.over
	p.watcher.stop()
	if known() == first {
		t.Error("what was told is known of the next program")
	}
	if _, err := p.pause(over); err != errOver {
		t.Errorf("the watcher of the former program stops the next: %v", err)
	}
}
