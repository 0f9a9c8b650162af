package dap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// Whatever comes, all that was read is returned, and a message is what its header says.
func FuzzReadMessage(f *testing.F) {
	for _, seed := range []string{
		"Content-Length: 2\r\n\r\n{}", "Content-Length: 9\r\n\r\n{}", "Content-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", "",
		"Content-Length: 99999999999999999999\r\n\r\n", "Content-Length: 2147483647\r\n\r\n{",
		"Content-Type: x\r\nContent-Length: 2\r\n\r\n{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		raw, body, err := readMessage(bufio.NewReader(bytes.NewReader(in)))
		if !bytes.HasPrefix(in, raw) {
			t.Fatalf("of %q it has read %q", in, raw)
		}
		switch {
		case err == nil && !bytes.Equal(frame(body)[len(frame(body))-len(body):], body):
			t.Fatalf("%q is no message of %q", raw, body)
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) &&
			!errors.Is(err, errGarbage):
			t.Fatal(err)
		case err == nil:
			if m, ok := parse(raw, body); ok {
				_ = m.set("body", 1)
			}
		}
	})
}

// A rewritten message keeps what is not known here.
func TestSet(t *testing.T) {
	text := `{"seq":7,"type":"request","command":"launch","arguments":{"a":1},"__restart":["<-ch"]}`
	m, ok := parse(frame([]byte(text)), []byte(text))
	if !ok {
		t.Fatal("it is a request")
	}
	if err := m.set("arguments", map[string]string{"b": "<-ch"}); err != nil {
		t.Fatal(err)
	}
	_, body, err := readMessage(bufio.NewReader(bytes.NewReader(m.raw)))
	const want = `{"__restart":["<-ch"],"arguments":{"b":"<-ch"},"command":"launch","seq":7,"type":"request"}`
	if err != nil || string(body) != want {
		t.Errorf("%s, %v; want %s", body, err, want)
	}
}

// Flags keep the form of the launch request, and what else is in it stays.
func TestAddBuild(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"program":"."}`, `{"buildFlags":"'-overlay=/a b\\'c'","program":"."}`},
		{`{"buildFlags":null,"awaittrace":{"off":false}}`, `{"buildFlags":"'-overlay=/a b\\'c'"}`},
		{`{"BuildFlags":"-tags x","x":1}`, `{"buildFlags":"-tags x '-overlay=/a b\\'c'","x":1}`},
		{`{"buildFlags":["-tags","x"]}`, `{"buildFlags":["-tags","x","-overlay=/a b'c"]}`},
	} {
		text := `{"seq":1,"type":"request","command":"launch","arguments":` + c.in + `}`
		m, _ := parse(frame([]byte(text)), []byte(text))
		var args launchArguments
		if err := json.Unmarshal(m.Arguments, &args); err != nil {
			t.Fatal(err)
		}
		if err := addBuild(m, &args, []string{"-overlay=/a b'c"}, nil); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(m.text), `"arguments":`+c.want) {
			t.Errorf("%s: %s; want %s", c.in, m.text, c.want)
		}
	}
}
