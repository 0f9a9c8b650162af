package dlvext

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/inspect"
)

// A relay passes messages between a client and a Delve server.
type relay struct {
	client, server net.Conn
	// rebuild builds the program again with probes; nil leaves that to the server.
	rebuild func() error
	// places returns the places of goroutines that wait in a probe.
	places func() map[int64]api.Location
	// raw shows the user what Delve says, collector frames included. reporting is set while we ask.
	raw, reporting atomic.Bool
	// handlers handle the requests that are not just passed on, by method.
	handlers map[string]func(message)
	// ready, if not nil, is called when the client next asks for the state.
	ready atomic.Pointer[func()]

	mu       sync.Mutex
	toServer *json.Encoder
	toClient *json.Encoder
	own      map[string]chan message
	ownID    uint64
	stopped  time.Time       // zero: the program runs, or has been stopped since before the session
	pauses   []inspect.Pause // not yet passed to the session with the program
	// folder is where the collector's source is, once folderKnown is set; "" without a collector.
	folder      string
	folderKnown bool
}

// newRelay starts a relay to server and returns the connection for the client.
// stopped is when the program did, zero if that is not known.
func newRelay(server net.Conn, stopped time.Time, rebuild func() error, places func() map[int64]api.Location) (*relay,
	net.Conn) {
	near, far := net.Pipe()
	r := between(far, server, rebuild)
	r.stopped, r.places = stopped, places
	r.handlers = map[string]func(message){
		methodRestart:    r.restart,
		methodCommand:    r.command,
		methodState:      r.state,
		methodStacktrace: r.stacktrace,
		methodGoroutines: r.goroutines,
	}
	for _, name := range []string{"Eval", "Set", "ListRegisters", "FindLocation", "Disassemble", "CreateWatchpoint"} {
		r.handlers["RPCServer."+name] = r.scoped
	}
	for _, name := range []string{"ListLocalVars", "ListFunctionArgs"} {
		r.handlers["RPCServer."+name] = r.variables
	}
	go r.requests()
	go r.responses()
	return r, near
}

// between returns a relay that handles no request yet.
func between(client, server net.Conn, rebuild func() error) *relay {
	return &relay{
		client: client, server: server, rebuild: rebuild,
		toServer: json.NewEncoder(server), toClient: json.NewEncoder(client),
		own: make(map[string]chan message),
	}
}

// resumed notes that the program is about to run.
func (r *relay) resumed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped.IsZero() {
		r.pauses = append(r.pauses, inspect.Pause{From: r.stopped, To: time.Now()})
		r.stopped = time.Time{}
	}
}

// halted notes that the program has stopped.
func (r *relay) halted() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = time.Now()
}

// Pauses returns the times for which the program was held since it was asked last.
func (r *relay) Pauses() []inspect.Pause {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.pauses
	r.pauses = nil
	return list
}

// Stopped returns when the program was last seen to stop; zero if it has been stopped since before the session.
func (r *relay) Stopped() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// close closes both connections, and ends all waits for an answer.
func (r *relay) close() {
	r.client.Close()
	r.server.Close()
}

// requests passes on the client's requests.
func (r *relay) requests() {
	defer r.close()
	for in := json.NewDecoder(r.client); ; {
		var m message
		if in.Decode(&m) != nil {
			return
		}
		if handle := r.handlers[m.Method]; handle != nil {
			go handle(m) // a handler may ask the server; meanwhile a halt must get through
		} else if r.send(r.toServer, m) != nil {
			return
		}
	}
}

// responses passes on the server's responses.
func (r *relay) responses() {
	defer func() {
		r.close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for id, ch := range r.own {
			close(ch)
			delete(r.own, id)
		}
		r.own = nil
	}()
	for in := json.NewDecoder(r.server); ; {
		var m message
		if in.Decode(&m) != nil {
			return
		}
		id := string(m.ID)
		r.mu.Lock()
		ch := r.own[id]
		delete(r.own, id)
		r.mu.Unlock()
		if ch != nil {
			ch <- m
		} else if r.send(r.toClient, m) != nil {
			return
		}
	}
}

// send writes a message.
func (r *relay) send(to *json.Encoder, m message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return to.Encode(m)
}

// forward passes on a request.
func (r *relay) forward(request message) {
	if r.send(r.toServer, request) != nil {
		r.close()
	}
}

// ask sends a request in the name of the client, and returns the response.
func (r *relay) ask(request message) (message, error) {
	ch := make(chan message, 1)
	r.mu.Lock()
	if r.own == nil {
		r.mu.Unlock()
		return message{}, io.ErrUnexpectedEOF
	}
	r.ownID++
	request.ID = json.RawMessage(fmt.Sprint(1<<62 + r.ownID)) // the client counts from zero
	r.own[string(request.ID)] = ch
	err := r.toServer.Encode(request)
	r.mu.Unlock()
	if err != nil {
		return message{}, err
	}
	m, ok := <-ch
	if !ok {
		return message{}, io.ErrUnexpectedEOF
	}
	return m, nil
}

// call sends a request of our own.
func (r *relay) call(method string, argument any) (message, error) {
	return r.ask(newRequest(method, argument))
}

// answer sends the client the response m to its request.
func (r *relay) answer(request, m message) {
	m.ID = request.ID
	if r.send(r.toClient, m) != nil {
		r.close()
	}
}

// refuse answers the client's request with an error.
func (r *relay) refuse(request message, err error) {
	text, _ := json.Marshal(err.Error())
	r.answer(request, message{Result: json.RawMessage("null"), Error: text})
}

// restart handles a request to restart the program. Delve's own rebuild knows nothing of probes, so we build and Delve
// only starts.
func (r *relay) restart(request message) {
	var in rpc2.RestartIn
	if r.rebuild != nil && request.decode(&in) && in.Rebuild {
		if err := r.rebuild(); err != nil {
			r.refuse(request, err)
			return
		}
		in.Rebuild = false
		request.Params[0], _ = json.Marshal(in)
	}
	m, err := r.ask(request)
	if err != nil {
		return // the session is over
	}
	r.mu.Lock()
	r.stopped, r.pauses = time.Now(), nil // it is another process now
	r.folderKnown = false
	r.mu.Unlock()
	r.answer(request, m)
}

// command handles a request to run or stop the program, or to select a goroutine or frame.
func (r *relay) command(request message) {
	var c api.DebuggerCommand
	request.decode(&c)
	switch c.Name {
	case api.Step, api.Next:
		if r.collector() != "" {
			r.step(request, c.Name)
			return
		}
	case api.SwitchThread, api.SwitchGoroutine:
		r.state(request)
		return
	case "", api.Halt:
		r.forward(request)
		return
	}
	r.resumed()
	m, err := r.ask(request)
	if err != nil {
		return // the session is over
	}
	r.halted()
	if c.Name != api.StepInstruction && c.Name != api.NextInstruction { // stepping by instruction shows the collector
		m = r.shown(m)
	}
	r.answer(request, m)
}
