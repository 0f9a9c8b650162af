package dap

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// serveBetween starts a session, and returns the ends of it that are the client's and Delve's.
func serveBetween(t *testing.T) (client, delve net.Conn) {
	t.Helper()
	client, delve, _ = proxyBetween(t)
	return client, delve
}

// proxyBetween is serveBetween for tests that look into the proxy.
func proxyBetween(t *testing.T) (client, delve net.Conn, p *Proxy) {
	t.Helper()
	client, near := net.Pipe()
	delve, far := net.Pipe()
	p = newProxy(near, far, Options{
		Diagnosis: diagnose.Options{After: diagnose.DefaultAfter}, DelvePid: 1 << 30, // there is no such process
		Crashed: func() bool { return false },
	})
	over := make(chan struct{})
	go func() {
		defer close(over)
		p.serve(near)
	}()
	t.Cleanup(func() {
		client.Close()
		delve.Close()
		<-over
	})
	return client, delve, p
}

// handedOn writes messages at one end, and sees that the same bytes come out at the other.
func handedOn(t *testing.T, from, to net.Conn, messages []string) {
	t.Helper()
	failed := make(chan error, 1)
	go func() {
		for _, m := range messages {
			if _, err := from.Write(frame([]byte(m))); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	in := bufio.NewReader(to)
	for _, m := range messages {
		raw, body, err := readMessage(in)
		if err != nil || string(body) != m || string(raw) != string(frame([]byte(m))) {
			t.Fatalf("of %.300q has become %.300q, %v", m, raw, err)
		}
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// What the tables do not name, and what they name where there is nothing to add, is handed on byte for byte.
func TestHandsOn(t *testing.T) {
	client, delve := serveBetween(t)
	requests := []string{
		`{"seq":1,"type":"request","command":"setBreakpoints","arguments":{"source":{"path":"/a/<b>.go"},"breakpoints":[{"line":7}]}}`,
		"{ \"type\" : \"request\",\n\t\"seq\":2, \"command\":\"pause\" , \"arguments\":{ \"threadId\":1e0 } }",
		`{"seq":3,"type":"request","command":"evaluate","arguments":{"expression":"<-ch","context":"watch"},"__unknown":[null,1.50]}`,
		`{"seq":4,"type":"request","command":"evaluate","arguments":{"expression":"awaittraces","context":"repl"}}`,
		`{"seq":5,"type":"request","command":"stackTrace","arguments":{"threadId":1,"startFrame":0,"levels":20}}`,
		`{"seq":6,"type":"request","command":"variables","arguments":{"variablesReference":1000}}`,
		`{"seq":7,"type":"request","command":"setExceptionBreakpoints","arguments":{"filters":["unrecovered-panic"] } }`,
		`{"seq":8,"type":"request","command":"exceptionInfo","arguments":{"threadId":1}}`,
		`{"seq":9,"type":"request","command":"threads"}`,
		`{"seq":10,"type":"request","command":"launch","arguments":{"mode":"exec","program":"x","env":{"A":null}}}`,
		`{"seq":11,"type":"request","command":"attach","arguments":"no object"}`,
		`{"seq":12,"type":"request","command":"\u0000"}`,
		`{"seq":"13","type":"request","command":"launch"}`,
		`{"seq":14}`, `[]`, `nothing`, ``,
		`{"seq":15,"type":"request","command":"source","arguments":"` + strings.Repeat("x", 1<<20) + `"}`,
	}
	handedOn(t, client, delve, requests)
	answers := []string{
		`{"seq":1,"type":"response","request_seq":5,"success":true,"command":"stackTrace","body":{"stackFrames":[{"id":1000,"name":"main.f","line":1}],"totalFrames":1 }}`,
		`{"seq":2,"type":"response","request_seq":6,"success":true,"command":"variables","body":{"variables":[{"name":"x","value":"<-ch"}]}}`,
		`{"seq":3,"type":"response","request_seq":9,"success":true,"command":"threads","body":{"threads":[{"id":1,"name":"[Go 1] main.main"}] }}`,
		`{"seq":4,"type":"response","request_seq":77,"success":true,"command":"threads","body":{}}`,
		`{"seq":5,"type":"event","event":"output","body":{"category":"stdout","output":"\u003c-ch"}}`,
		`{"seq":6,"type":"event","event":"initialized"}`,
		`{"seq":7,"type":"event","event":"unheard-of","body":[]}`,
		`{"seq":8,"type":"event","event":"terminated","body":{}}`,
	}
	handedOn(t, delve, client, answers)
}

// From the first bytes on that are no message everything is handed on as it is.
func TestHandsOnGarbage(t *testing.T) {
	client, delve := serveBetween(t)
	const text = "GET / HTTP/1.1\r\nHost: here\r\n\r\n"
	for _, end := range []struct{ from, to net.Conn }{{client, delve}, {delve, client}} {
		go fmt.Fprint(end.from, text)
		got := make([]byte, len(text))
		for n := 0; n < len(got); {
			more, err := end.to.Read(got[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += more
		}
		if string(got) != text {
			t.Errorf("of %q has become %q", text, got)
		}
	}
}

// TestSlowServer expects that an editor is told what it waits for, and that the session goes on when the server answers.
func TestSlowServer(t *testing.T) {
	defer func(soon time.Duration) { Soon = soon }(Soon)
	Soon = time.Millisecond
	client, _, p := proxyBetween(t)
	server, far := net.Pipe()
	defer server.Close()
	for _, conn := range []net.Conn{client, server} {
		conn.SetDeadline(time.Now().Add(time.Minute))
	}
	p.opt.Dial = func(context.Context, string) (*Server, error) {
		return &Server{Conn: far, Pid: func() int { return 0 }, Close: func() {}}, nil
	}
	write := func(to net.Conn, text string) {
		if _, err := to.Write(frame([]byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(from *bufio.Reader, text string) {
		if _, body, err := readMessage(from); err != nil || !strings.Contains(string(body), text) {
			t.Fatalf("got %s (%v), want %q", body, err, text)
		}
	}
	write(client, `{"seq":1,"type":"request","command":"attach","arguments":{"mode":"remote","port":2345}}`)
	in := bufio.NewReader(server)
	expect(in, `"initialize"`)
	expect(bufio.NewReader(client), "waiting for the answer of the server at 127.0.0.1:2345")
	write(server, `{"seq":1,"type":"response","request_seq":1,"success":true,"command":"initialize","body":{}}`)
	expect(in, `"attach"`)
}

// A client that sends requests and reads nothing is not listened to for ever: what it does not read has to be kept.
func TestClientDoesNotRead(t *testing.T) {
	client, delve := serveBetween(t)
	stopped := `{"seq":1,"type":"event","event":"stopped","body":{"reason":"pause","threadId":1}}`
	if _, err := delve.Write(frame([]byte(stopped))); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(client)
	if _, body, err := readMessage(in); err != nil || !strings.Contains(string(body), "stopped") {
		t.Fatalf("%s, %v", body, err)
	}
	go func() { // Delve
		for r := bufio.NewReader(delve); ; {
			_, body, err := readMessage(r)
			m, ok := parse(nil, body)
			if err != nil || !ok {
				return
			}
			answer := fmt.Sprintf(`{"seq":2,"type":"response","request_seq":%d,"success":true,"command":%q,"body":{"threads":[]}}`,
				m.Seq, m.Command)
			if _, err := delve.Write(frame([]byte(answer))); err != nil {
				return
			}
		}
	}()
	for _, request := range []string{
		`"command":"threads"`, `"command":"awaittrace/report"`,
		`"command":"evaluate","arguments":{"expression":"awaittrace stuck","context":"repl"}`,
	} {
		const most = 20 * maxLater
		written := make(chan int)
		go func() {
			n := 0
			for ; n < most; n++ {
				wait := time.Minute // on a busy machine
				if n >= maxLater {
					wait = 500 * time.Millisecond
				}
				client.SetWriteDeadline(time.Now().Add(wait))
				if _, err := client.Write(frame(fmt.Appendf(nil, `{"seq":%d,"type":"request",%s}`, n+2,
					request))); err != nil {
					break
				}
			}
			written <- n
		}()
		n := <-written
		if n == most {
			t.Errorf("%s: %d requests were taken, and nobody reads the answers", request, n)
		}
		// Who reads after all gets an answer to each that was taken whole.
		client.SetReadDeadline(time.Now().Add(time.Minute))
		for range n {
			if _, _, err := readMessage(in); err != nil {
				t.Fatalf("%s: %v", request, err)
			}
		}
	}
}
