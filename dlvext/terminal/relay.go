package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"
)

// A message is one of Delve's JSON-RPC protocol, a request or a response.
type message struct {
	Method string            `json:"method,omitempty"`
	Params []json.RawMessage `json:"params,omitempty"`
	ID     json.RawMessage   `json:"id"`
	Result json.RawMessage   `json:"result,omitempty"`
	Error  json.RawMessage   `json:"error,omitempty"`
}

// The methods and their commands of which the relay takes notice.
const (
	methodCommand    = "RPCServer.Command"
	methodRestart    = "RPCServer.Restart"
	methodState      = "RPCServer.State"
	methodFind       = "RPCServer.FindLocation"
	methodGoroutines = "RPCServer.ListGoroutines"
)

// A relay passes on what a client and a server of Delve's say to each other.
type relay struct {
	client, server net.Conn
	// rebuild builds the program again with probes. Nil: the server does what it does without us.
	rebuild func() error
	// places returns where goroutines are that wait in a probe.
	places func() map[int64]api.Location

	mu       sync.Mutex
	toServer *json.Encoder
	toClient *json.Encoder
	commands map[string]string // of the client's requests without a response yet: the command, by id
	own      map[string]chan message
	ownID    uint64
	stopped  time.Time // zero: it runs, or has been stopped since before the session
	pauses   []pause   // that the session with the program has not been told of
	// folder is where the collector's source is, once folderKnown is set; "" without a collector.
	folder      string
	folderKnown bool
}

// newRelay starts a relay to server and returns the connection for the client.
// stopped is when the program did, zero if that is not known.
func newRelay(server net.Conn, stopped time.Time, rebuild func() error, places func() map[int64]api.Location) (*relay, net.Conn) {
	near, far := net.Pipe()
	r := &relay{
		client: far, server: server, stopped: stopped, rebuild: rebuild, places: places,
		toServer: json.NewEncoder(server), toClient: json.NewEncoder(far),
		commands: make(map[string]string), own: make(map[string]chan message),
	}
	go r.requests()
	go r.responses()
	return r, near
}

// A pause is a time for which the program was held.
type pause struct{ from, to time.Time }

// resumed notes that the program is about to run.
func (r *relay) resumed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped.IsZero() {
		r.pauses = append(r.pauses, pause{r.stopped, time.Now()})
		r.stopped = time.Time{}
	}
}

// Pauses returns the times for which the program was held since it was asked last.
func (r *relay) Pauses() []pause {
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

// close ends both connections, and with them whatever waits for an answer.
func (r *relay) close() {
	r.client.Close()
	r.server.Close()
}

// requests passes on what the client says.
func (r *relay) requests() {
	defer r.close()
	for in := json.NewDecoder(r.client); ; {
		var m message
		if in.Decode(&m) != nil {
			return
		}
		switch m.Method {
		case methodRestart:
			go r.restart(m) // a build takes long, and the client may want to ask something meanwhile
			continue
		case methodGoroutines:
			go r.goroutines(m)
			continue
		case methodCommand:
			if name := command(m); name == api.Step {
				go r.step(m)
				continue
			} else if runs(name) {
				r.resumed()
				r.mu.Lock()
				r.commands[string(m.ID)] = name
				r.mu.Unlock()
			}
		}
		if r.send(r.toServer, m) != nil {
			return
		}
	}
}

// responses passes on what the server says.
func (r *relay) responses() {
	defer func() {
		r.close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for id, ch := range r.own {
			close(ch)
			delete(r.own, id)
		}
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
		if _, ran := r.commands[id]; ran {
			delete(r.commands, id)
			r.stopped = time.Now()
		}
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

// ask sends a request in the name of the client, and returns the response.
func (r *relay) ask(method string, params []json.RawMessage) (message, error) {
	ch := make(chan message, 1)
	r.mu.Lock()
	r.ownID++
	id := json.RawMessage(fmt.Sprint(1<<62 + r.ownID)) // the client counts from zero
	r.own[string(id)] = ch
	r.mu.Unlock()
	if err := r.send(r.toServer, message{Method: method, Params: params, ID: id}); err != nil {
		return message{}, err
	}
	m, ok := <-ch
	if !ok {
		return message{}, io.ErrUnexpectedEOF
	}
	return m, nil
}

// answer gives the client the response m to its request.
func (r *relay) answer(request, m message) {
	m.ID = request.ID
	if r.send(r.toClient, m) != nil {
		r.close()
	}
}

// refuse tells the client that its request has failed.
func (r *relay) refuse(request message, err error) {
	text, _ := json.Marshal(err.Error())
	r.answer(request, message{Result: json.RawMessage("null"), Error: text})
}

// restart is a request to start the program again. Delve's own rebuild knows nothing of probes, so that we build and Delve only starts.
func (r *relay) restart(request message) {
	var in rpc2.RestartIn
	if r.rebuild != nil && len(request.Params) == 1 && json.Unmarshal(request.Params[0], &in) == nil && in.Rebuild {
		if err := r.rebuild(); err != nil {
			r.refuse(request, err)
			return
		}
		in.Rebuild = false
		request.Params[0], _ = json.Marshal(in)
	}
	m, err := r.ask(request.Method, request.Params)
	if err != nil {
		return // the session is over
	}
	r.mu.Lock()
	r.stopped, r.pauses = time.Now(), nil // it is another process now
	r.mu.Unlock()
	r.answer(request, m)
}

// command returns the name of a command.
func command(m message) string {
	var c api.DebuggerCommand
	if len(m.Params) != 1 || json.Unmarshal(m.Params[0], &c) != nil {
		return ""
	}
	return c.Name
}

// runs reports whether a command lets the program run.
func runs(name string) bool {
	switch name {
	case "", api.SwitchThread, api.SwitchGoroutine, api.Halt:
		return false
	}
	return true
}
