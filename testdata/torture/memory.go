package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
)

func init() {
	add("io-memory", inMemory)
	add("io-memory-order", inMemoryOrder)
	add("io-memory-panics", inMemoryPanics)
}

// A tape panics at each third call.
type tape struct {
	strings.Reader
	calls int
}

func (t *tape) Read(p []byte) (int, error) {
	t.calls++
	if t.calls%3 == 0 {
		panic(fmt.Sprint("tape ", t.calls))
	}
	return t.Reader.Read(p)
}

// A desk hides what is in memory in embedded fields.
type desk struct {
	io.Writer
	*bufio.Reader
	out bufio.Writer
}

// inMemory calls the same places with values in memory and with others, in turns.
func inMemory() {
	pr, pw, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer pr.Close()
	defer pw.Close()
	var out bytes.Buffer
	var built strings.Builder
	sum := sha256.New()
	for i, w := range []io.Writer{&out, pw, io.Discard, &built, sum, pw, &out, &bytes.Buffer{}} {
		k, err := w.Write([]byte{'a' + byte(i)})
		say(i, k, err)
		if sw, ok := w.(io.StringWriter); ok {
			say(sw.WriteString(s("str")))
		}
		if bw, ok := w.(io.ByteWriter); ok {
			say(bw.WriteByte('z'))
		}
	}
	say(out.String(), built.String(), fmt.Sprintf("%x", sum.Sum(nil)[:4]))
	p := make([]byte, 3)
	for _, r := range []io.Reader{pr, strings.NewReader("string"), &out, bytes.NewReader([]byte("bytes")), upper{strings.NewReader("tape")}} {
		if k, err := r.Read(p); err == nil {
			say(k, string(p[:k]))
		}
		br := bufio.NewReaderSize(r, 16)
		for j := 0; j < 2 && r != pr; j++ {
			c, err := br.ReadByte()
			say(c, err)
			line, err := br.ReadString('\n')
			say(line, err)
			r, size, err := br.ReadRune()
			say(r, size, err)
		}
	}
	d := desk{&out, bufio.NewReader(strings.NewReader("one\ntwo")), *bufio.NewWriter(&built)}
	say(d.Write(p))
	say(d.ReadSlice('\n'))
	say(d.out.WriteString("out"))
	say(d.out.Flush())
	line, more, err := d.
		ReadLine()
	say(string(line), more, err)
	for sc := bufio.NewScanner(&out); sc.Scan(); {
		say(sc.Text())
	}
	say(io.MultiWriter(&out, pw).Write(p))
}

// inMemoryOrder changes the receiver while the arguments are evaluated.
func inMemoryOrder() {
	var one, two bytes.Buffer
	var w io.Writer = &one
	change := func(to io.Writer, text string) []byte {
		w = to
		return []byte(s(text))
	}
	say(w.Write(change(&two, "x")))
	say(w.Write(change(upperWriter{&one}, "y")))
	say(w.Write(change(&one, "z")))
	say(one.String(), two.String())
	r := bufio.NewReader(strings.NewReader("first"))
	say(r.Peek(func() int {
		r = bufio.NewReader(strings.NewReader("second"))
		return n(2)
	}()))
	r.Reset(strings.NewReader("third"))
	say(r.Discard(n(1)))
	if b, err := r.ReadByte(); err != nil || b != 'h' {
		say("no", b, err)
	} else if w, err := w.Write([]byte{b}); err == nil {
		say(w)
	}
	switch k, err := w.Write(nil); {
	case err != nil:
	default:
		say(k)
	}
}

type upperWriter struct{ w io.Writer }

func (u upperWriter) Write(p []byte) (int, error) { return u.w.Write(bytes.ToUpper(p)) }

func inMemoryPanics() {
	p := make([]byte, 2)
	try("nil writer", func() {
		for _, w := range []io.Writer{io.Discard, nil} {
			say(w.Write(p))
		}
	})
	try("nil buffer", func() {
		var none *bytes.Buffer
		for _, w := range []io.Writer{new(bytes.Buffer), none} {
			say(w.Write(p))
		}
	})
	try("nil bufio.Reader", func() {
		for _, r := range []*bufio.Reader{bufio.NewReader(strings.NewReader("x")), nil} {
			say(r.ReadByte())
		}
	})
	try("nil struct", func() {
		var d *desk
		say(d.ReadByte())
	})
	try("no source", func() { say(new(bufio.Reader).ReadByte()) })
	t := &tape{Reader: *strings.NewReader("abcdefgh")}
	r := bufio.NewReaderSize(t, 16)
	for i := 0; i < 4; i++ {
		try("tape", func() { say(t.Read(p)) })
		try("reader of tape", func() { say(r.ReadByte()) })
	}
	try("split", func() {
		sc := bufio.NewScanner(strings.NewReader("a b"))
		sc.Split(func([]byte, bool) (int, []byte, error) { panic("split") })
		say(sc.Scan())
	})
}
