package dlvext

import "encoding/json"

// A message is a request or a response of Delve's JSON-RPC protocol.
type message struct {
	Method string            `json:"method,omitempty"`
	Params []json.RawMessage `json:"params,omitempty"`
	ID     json.RawMessage   `json:"id"`
	Result json.RawMessage   `json:"result,omitempty"`
	Error  json.RawMessage   `json:"error,omitempty"`
}

// The methods that the relay handles.
const (
	methodCommand    = "RPCServer.Command"
	methodRestart    = "RPCServer.Restart"
	methodState      = "RPCServer.State"
	methodFind       = "RPCServer.FindLocation"
	methodGoroutines = "RPCServer.ListGoroutines"
	methodStacktrace = "RPCServer.Stacktrace"
)

// newRequest returns a request without an ID.
func newRequest(method string, argument any) message {
	text, _ := json.Marshal(argument) // types of Delve's protocol always marshal
	return message{Method: method, Params: []json.RawMessage{text}}
}

// decode reads the argument of a request, and reports whether that succeeded.
func (m message) decode(argument any) bool {
	return len(m.Params) == 1 && json.Unmarshal(m.Params[0], argument) == nil
}

// encode sets the result of a response to v.
func (m *message) encode(v any) {
	if text, err := json.Marshal(v); err == nil {
		m.Result = text
	}
}

// failed reports whether m is the response to a request that failed.
func failed(m message) bool { return len(m.Error) > 0 && string(m.Error) != "null" }
