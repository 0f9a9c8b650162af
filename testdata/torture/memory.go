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
	add("io-served", served)
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

type line []byte

type odd byte

type console struct {
	*bufio.ReadWriter
	prompt string
}

// served makes calls that a buffer serves alone, and others in the same places.
func served() {
	pr, pw, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer pr.Close()
	defer pw.Close()
	c := console{bufio.NewReadWriter(bufio.NewReaderSize(pr, 16), bufio.NewWriterSize(upperWriter{pw}, 16)), "prompt> "}
	const long = "a constant longer than the buffer"
	text, odds, len := line("some text"), []odd("odd"), 3
	for i := 0; i < len; i++ {
		say(c.Write(text))
		say(c.WriteString(c.prompt))
		say(c.WriteString(long))
		say(c.WriteString("short\n"))
		say(c.Writer.Buffered())
		say(c.WriteString(string(text)))
		say(c.WriteString(string(odds)))
		say(c.Write([]byte(c.prompt)))
		say(c.Write((text[1:len])))
		say(c.Write(text[:i+1]))
		say(c.
			Write(text[i:]))
		say(c.Write(
			text[:4]))
		say(c.WriteString(string(rune('a' + i))))
		say(c.Write(nil))
		say(c.WriteByte('x'))
		say(c.WriteRune('é'))
		say(c.Writer.Write([]byte(s("é"))))
		say(c.Flush())
	}
	p, none := make([]byte, 7), -1
	for i := 0; i < len; i++ {
		say(c.Read(p))
		say(c.Reader.Peek(len))
		say(c.Peek(5))
		say(c.Discard(len))
		say(c.Discard(none))
		say(c.Peek('\n'))
		for j := 0; j < 20; j++ {
			b, err := c.ReadByte()
			r, size, _ := c.ReadRune()
			say(b, err, r, size, c.Reader.Buffered())
		}
	}
	(func(w *bufio.Writer) {
		defer w.WriteString(c.prompt)
		f := w.Write
		say(f(p))
	})(c.Writer)
	try("nil bufio.Writer", func() {
		for _, w := range []*bufio.Writer{c.Writer, nil} {
			say(w.Write(p))
		}
	})
	try("nil argument", func() {
		var d *console
		say(c.WriteString(d.prompt))
	})
	try("slice", func() {
		for _, k := range []int{3, 8} {
			say(c.Write(p[:k]))
			say(c.
				Write(
					p[k:]))
		}
	})
	try("index", func() {
		rows, named := [][]byte{text, nil}, map[string][]byte{"text": text}
		for k := 0; k < len; k++ {
			say(c.Write(named["text"]))
			say(c.Write(rows[k]))
		}
	})
	say(new(bufio.Writer).Write(p[:0]))
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
