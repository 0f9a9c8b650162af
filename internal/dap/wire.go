package dap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

const (
	// maxMessage bounds a message. Delve takes 4 MiB from a client, and sends messages of any size.
	maxMessage = 256 << 20
	// maxHeader bounds the line before a message.
	maxHeader = 128

	lengthHeader = "Content-Length: "
)

// errGarbage is the error for bytes that are not a message.
var errGarbage = errors.New("not a message of the Debug Adapter Protocol")

// readMessage reads a message. Raw is all that was read, also with an error.
func readMessage(r *bufio.Reader) (raw, body []byte, err error) {
	for !bytes.HasSuffix(raw, []byte("\r\n\r\n")) {
		b, err := r.ReadByte()
		if err != nil {
			return raw, nil, err
		}
		if raw = append(raw, b); len(raw) > maxHeader {
			return raw, nil, errGarbage
		}
	}
	header := strings.TrimSuffix(string(raw), "\r\n\r\n")
	digits, ok := strings.CutPrefix(header, lengthHeader)
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil || n > maxMessage {
		return raw, nil, errGarbage
	}
	start := len(raw)
	var buf bytes.Buffer // grows with the input: the length is only a claim
	buf.Write(raw)
	_, err = io.CopyN(&buf, r, int64(n))
	raw = buf.Bytes()
	return raw, raw[start:], err
}

// A message is any message of the protocol. Only the fields that its type has are set.
type message struct {
	Seq        int             `json:"seq"`
	Type       string          `json:"type"`
	Command    string          `json:"command,omitempty"`
	Arguments  json.RawMessage `json:"arguments,omitempty"`
	Event      string          `json:"event,omitempty"`
	RequestSeq int             `json:"request_seq,omitempty"`
	Success    bool            `json:"success"`
	Message    string          `json:"message,omitempty"`
	Body       json.RawMessage `json:"body,omitempty"`

	raw, text []byte  // as it came, with and without its header
	later     bool    // of a request that holds a place of Proxy.later
	window    *window // of a request for frames, where it was changed
}

// parse decodes a message, and reports whether the tables apply to it.
func parse(raw, body []byte) (*message, bool) {
	m := &message{raw: raw, text: body}
	if json.Unmarshal(body, m) != nil {
		return m, false
	}
	return m, m.Type == "request" || m.Type == "response" || m.Type == "event"
}

// set replaces the arguments or the body of a message; all other fields stay, unknown ones too.
func (m *message) set(key string, value any) error {
	fields := make(map[string]json.RawMessage)
	if err := json.Unmarshal(m.text, &fields); err != nil {
		return err
	}
	var err error
	if fields[key], err = encode(value); err != nil {
		return err
	}
	if m.text, err = encode(fields); err != nil {
		return err
	}
	m.raw = frame(m.text)
	return nil
}

// encode is json.Marshal without the escapes for HTML: expressions such as <-ch are frequent.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// frame puts the header before a message.
func frame(text []byte) []byte {
	return append(fmt.Appendf(nil, "%s%d\r\n\r\n", lengthHeader, len(text)), text...)
}

// A writer writes whole messages, from several goroutines.
type writer struct {
	mu sync.Mutex
	w  io.Writer
}

// write writes the bytes of a message, or of garbage.
func (w *writer) write(raw []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.w.Write(raw)
	return err
}

// numbered returns our message with a number of our own: the sequence of Delve's numbers stays intact.
type numbered interface{ number(seq int) }

func (r *response) number(seq int) { r.Seq = seq }
func (e *event) number(seq int)    { e.Seq = seq }

// request returns our own request.
type request struct {
	Seq       int             `json:"seq"`
	Type      string          `json:"type"`
	Command   string          `json:"command"`
	Arguments json.RawMessage `json:"arguments"`
}

// response returns the response to a request.
type response struct {
	Seq        int    `json:"seq"`
	Type       string `json:"type"`
	RequestSeq int    `json:"request_seq"`
	Success    bool   `json:"success"`
	Command    string `json:"command"`
	Message    string `json:"message,omitempty"`
	Body       any    `json:"body,omitempty"`
}

// failure returns the body of an error response.
type failure struct {
	Error struct {
		ID       int    `json:"id"`
		Format   string `json:"format"`
		ShowUser bool   `json:"showUser"`
	} `json:"error"`
}

// failureID is the number of all our errors: Delve's are below 10,000.
const failureID = 10_000

// failed returns the error response to request m.
func failed(m *message, why string, show bool) *response {
	var f failure
	f.Error.ID, f.Error.Format, f.Error.ShowUser = failureID, why, show
	return &response{Seq: ownSeq, Type: "response", RequestSeq: m.Seq, Command: m.Command, Message: why, Body: f}
}

// event returns our own event.
type event struct {
	Seq   int    `json:"seq"`
	Type  string `json:"type"`
	Event string `json:"event"`
	Body  any    `json:"body,omitempty"`
}
