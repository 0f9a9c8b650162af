package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func init() {
	add("io-file", files)
	add("io-pipe", pipes)
	add("io-conn", conns)
	add("io-interface", ioInterfaces)
	add("io-bufio", buffered)
	add("io-exec", commands)
	add("io-forms", ioForms)
	add("io-dns", lookups)
}

func tempDir() (string, func()) {
	dir, err := os.MkdirTemp("", "torture")
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func files() {
	dir, remove := tempDir()
	defer remove()
	name := filepath.Join(dir, "file")
	say(os.WriteFile(name, []byte("hello, world\n"), 0o600))
	data, err := os.ReadFile(name)
	say(string(data), err)
	f, err := os.Open(name)
	if err != nil {
		say(err)
		return
	}
	defer f.Close()
	p := make([]byte, 5)
	k, err := f.Read(p)
	say(k, err, string(p))
	say(f.Read(p))
	say(f.ReadAt(p, 7))
	if k, err := io.ReadFull(f, p); err != nil {
		say(k, err)
	}
	_, err = f.Read(p)
	say(err == io.EOF)
	_, err = f.Write(p)
	say(err != nil)
	w, _ := os.Create(filepath.Join(dir, "out"))
	fmt.Fprintf(w, "%d-%s\n", n(1), s("x"))
	fmt.Fprintln(w, "line")
	w.Write([]byte("bytes"))
	_, _ = w.WriteString("string")
	if _, err := w.WriteAt([]byte("AT"), 0); err != nil {
		say(err)
	}
	say(w.Sync(), w.Close())
	data, _ = os.ReadFile(w.Name())
	say(fmt.Sprintf("%q", data))
	data, _ = ioutil.ReadFile(name)
	say(len(data))
	entries, err := os.ReadDir(dir)
	say(len(entries), err)
	_, err = os.ReadFile(filepath.Join(dir, "none"))
	say(os.IsNotExist(err), errors.Is(err, os.ErrNotExist))
	var nilFile *os.File
	_, err = nilFile.Read(p)
	say(err)
	files := map[string]*os.File{"f": f}
	files[s("f")].Seek(0, 0)
	k, err = files[s("f")].Read(p[n(1):n(3)])
	say(k, err)
	holder := struct{ *os.File }{f}
	k, err = holder.Read(p)
	say(k, err)
	wrapped := struct{ io.ReadCloser }{f}
	_, err = wrapped.Read(p[:1])
	say(err)
	read := f.Read
	k, err = read(p[:1])
	say(k, err)
	k, err = (*os.File).Read(f, p[:1])
	say(k, err)
}

func pipes() {
	r, w, err := os.Pipe()
	say(err)
	go func() {
		time.Sleep(time.Millisecond)
		w.Write([]byte("through the pipe"))
		w.Close()
	}()
	data, err := io.ReadAll(r)
	say(string(data), err)
	r.Close()
	pr, pw := io.Pipe()
	go func() {
		fmt.Fprint(pw, "one ")
		io.WriteString(pw, "two")
		pw.CloseWithError(errors.New("closed by the writer"))
	}()
	data, err = io.ReadAll(pr)
	say(string(data), err)
	_, err = pw.Write(data)
	say(err)
	a, z := net.Pipe()
	go func() {
		defer a.Close()
		a.Write([]byte("net pipe"))
	}()
	data, err = ioutil.ReadAll(z)
	say(string(data), err)
	say(z.Close())
}

type server struct {
	net.Listener
	conns []net.Conn
}

func (s *server) serve(done chan<- struct{}) {
	defer close(done)
	for {
		conn, err := s.Accept()
		if err != nil {
			return
		}
		s.conns = append(s.conns, conn)
		io.Copy(conn, conn)
		conn.Close()
	}
}

func conns() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		say(err)
		return
	}
	srv := &server{Listener: l}
	done := make(chan struct{})
	go srv.serve(done)
	conn, err := net.Dial(s("tcp"), l.Addr().String())
	say(err)
	k, err := conn.Write([]byte("ping"))
	say(k, err)
	p := make([]byte, 16)
	k, err = io.ReadAtLeast(conn, p, 4)
	say(k, err, string(p[:k]))
	conn.SetDeadline(time.Now().Add(time.Millisecond))
	_, err = conn.Read(p)
	say(errors.Is(err, os.ErrDeadlineExceeded))
	ne, ok := err.(net.Error)
	say(ok && ne.Timeout())
	conn.Close()
	_, err = conn.Read(p)
	say(errors.Is(err, net.ErrClosed))
	conn, err = net.DialTimeout("tcp", l.Addr().String(), time.Second)
	say(err)
	tcp := conn.(*net.TCPConn)
	say(fmt.Fprintf(tcp, "%d", n(42)))
	say(tcp.CloseWrite())
	data, err := io.ReadAll(tcp)
	say(string(data), err, tcp.Close())
	var d net.Dialer
	conn, err = d.Dial("tcp", l.Addr().String())
	say(err)
	k, err = conn.Write([]byte("z"))
	say(k, err)
	_, err = io.ReadFull(conn, p[:1]) // so that it has been accepted before the listener is closed
	say(err)
	conn.Close()
	l.Close()
	<-done
	say(len(srv.conns))
	_, err = net.Dial("tcp", "127.0.0.1:99999")
	say(err)
	_, err = (&net.Dialer{Timeout: time.Second}).Dial("no such network", "x")
	say(err)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	say(err)
	_, err = udp.WriteTo([]byte("datagram"), udp.LocalAddr())
	say(err)
	k, from, err := udp.ReadFrom(p)
	say(k, from.String() == udp.LocalAddr().String(), err, string(p[:k]))
	udp.SetReadDeadline(time.Now().Add(-time.Second))
	k, addr, err := udp.(*net.UDPConn).ReadFromUDP(p)
	say(k, addr, errors.Is(err, os.ErrDeadlineExceeded))
	udp.Close()
}

type upper struct{ r io.Reader }

func (u upper) Read(p []byte) (int, error) {
	k, err := u.r.Read(p)
	copy(p, bytes.ToUpper(p[:k]))
	return k, err
}

type myReader interface {
	Read([]byte) (int, error)
}

type readPeeker interface {
	io.Reader
	Peek(int) ([]byte, error)
}

func ioInterfaces() {
	var r io.Reader = strings.NewReader("some text to read")
	p := make([]byte, 4)
	k, err := r.Read(p)
	say(k, err, string(p))
	r = upper{r}
	say(r.Read(p))
	say(string(p))
	r.(upper).Read(p)
	var mr myReader = r
	mr.Read(p)
	data, err := io.ReadAll(io.LimitReader(r, 3))
	say(string(data), err)
	var out bytes.Buffer
	var w io.Writer = &out
	w.Write([]byte("1"))
	fmt.Fprint(w, 2)
	io.WriteString(w, "3")
	k64, err := io.Copy(w, strings.NewReader("four"))
	say(k64, err)
	say(io.CopyN(w, strings.NewReader("five"), 2))
	say(io.CopyBuffer(w, strings.NewReader("six"), p))
	mw := io.MultiWriter(w, ioutil.Discard)
	mw.Write(p[:0])
	tee := io.TeeReader(strings.NewReader("tee"), w)
	io.ReadAll(tee)
	say(out.String())
	rw := struct {
		io.Reader
		io.Writer
	}{strings.NewReader("rw"), w}
	say(rw.Read(p))
	say(rw.Write(p[:2]))
	var rp readPeeker = bufio.NewReader(strings.NewReader("peek"))
	say(rp.Peek(2))
	say(rp.Read(p))
	var wt io.WriterTo = bytes.NewBufferString("writer to")
	say(wt.WriteTo(w))
	var rf io.ReaderFrom = &out
	say(rf.ReadFrom(strings.NewReader("reader from")))
	var br io.ByteReader = &out
	say(br.ReadByte())
	var rr io.RuneReader = &out
	say(rr.ReadRune())
	try("nil reader", func() {
		var r io.Reader
		r.Read(p)
	})
	try("nil reader in a struct", func() {
		var r struct{ io.Reader }
		say(r.Read(nil))
	})
	try("reader panics", func() { upper{}.Read(p) })
	try("copy panics", func() { io.Copy(w, upper{}) })
}

func buffered() {
	r := bufio.NewReader(strings.NewReader("one\ntwo\nthree"))
	for {
		line, err := r.ReadString('\n')
		say(fmt.Sprintf("%q", line), err)
		if err != nil {
			break
		}
	}
	sc := bufio.NewScanner(strings.NewReader("a b\nc"))
	for sc.Scan() {
		say(sc.Text())
	}
	sc = bufio.NewScanner(strings.NewReader("a b"))
	sc.Split(bufio.ScanWords)
	for i := 0; sc.Scan(); i++ {
		say(i, sc.Text())
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	fmt.Fprintf(w, "%d", 1)
	w.WriteByte('b')
	w.WriteRune('ü')
	w.WriteString("s")
	if err := w.Flush(); err != nil {
		say(err)
	}
	defer w.Flush()
	w.Write([]byte("x"))
	rw := bufio.NewReadWriter(bufio.NewReader(&out), w)
	line, prefix, err := rw.ReadLine()
	say(string(line), prefix, err)
	rw.WriteString("y")
	rw.Flush()
	say(rw.Peek(1))
	rw.Discard(1)
	b1, err := rw.ReadByte()
	say(b1, err)
	var x, y int
	say(fmt.Fscan(strings.NewReader("3 4"), &x, &y))
	say(fmt.Fscanf(strings.NewReader("5"), "%d", &x))
	say(x, y)
}

func commands() {
	out, err := exec.Command("echo", "hello").Output()
	say(string(out), err)
	cmd := exec.Command("sh", "-c", "cat; echo err >&2; exit 3")
	cmd.Stdin = strings.NewReader("input ")
	out, err = cmd.CombinedOutput()
	say(string(out), err)
	err = exec.Command("true").Run()
	say(err)
	cmd = exec.Command("cat")
	in, _ := cmd.StdinPipe()
	from, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		say(err)
	}
	io.WriteString(in, "through cat")
	in.Close()
	data, err := io.ReadAll(from)
	say(string(data), err)
	if err := cmd.Wait(); err != nil {
		say(err)
	}
	_, err = exec.Command("/no/such/program").Output()
	say(err)
	proc, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err == nil {
		st, err := proc.Wait()
		say(st.Success(), err)
	}
}

func readAll(r io.Reader) string {
	data, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// ioForms has I/O calls where other things than a statement or an assignment stand.
func ioForms() {
	r := func() io.Reader { return strings.NewReader("abcdef") }
	p := make([]byte, 3)
	if k, err := r().Read(p); err == nil && k > 0 {
		say(k)
	}
	switch k, err := r().Read(p); {
	case err == nil:
		say(k)
	}
	for k, err := r().Read(p); k > 0 && err == nil; k, err = 0, nil {
		say(k, err)
	}
	var k, err = r().Read(p)
	say(k, err)
	_, err = r().Read(p[:n(1)])
	func(k int, err error) { say(k, err) }(r().Read(p))
	fmt.Println(r().Read(p))
	k, err = func() (int, error) { return r().Read(p) }()
	say(k, err)
	data, err := ioutil.ReadAll(io.MultiReader(r(), r()))
	say(string(data), err)
	x := []interface{}{readAll(r()), len(readAll(r()))}
	say(x)
	k, err = io.ReadFull(
		r(),
		p[n(0):n(2)],
	)
	say(k, err)
	k, err = r().
		Read(
			p)
	say(k, err)
	done := make(chan struct{})
	pr, pw := io.Pipe()
	go io.Copy(pw, strings.NewReader("in the background"))
	go func() { defer close(done); pr.Read(make([]byte, 1)) }()
	<-done
	go pr.Read(make([]byte, 1))
	defer pw.Write(nil)
	defer pr.Close()
	defer io.WriteString(ioutil.Discard, s("deferred operand"))
	defer fmt.Fprintln(os.Stdout, "deferred print", n(1))
	copyAll := io.Copy
	say(copyAll(ioutil.Discard, r()))
	fs := map[string]func(io.Writer, io.Reader) (int64, error){"copy": io.Copy}
	say(fs["copy"](ioutil.Discard, r()))
	read := r().Read
	say(read(p))
	(io.Copy)(ioutil.Discard, r())
	say(func() error { _, err := io.Copy(ioutil.Discard, r()); return err }())
	errs := make(chan error, 1)
	errs <- func() error { return nil }()
	m := map[string]int{}
	m[s("k")], err = r().Read(p)
	say(m, err)
	_ = readAll(r()) == readAll(r()) && b(true)
	var wr io.Writer = os.Stdout
	if _, err := fmt.Fprint(wr, "to stdout\n"); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("direct\n")
	os.Stdout.Write([]byte("bytes\n"))
	fmt.Fprintf(os.Stdout, "%s %d\n", s("formatted"), n(2))
	say(write(os.Stdout))
}

func write(w io.Writer) (k int, err error) {
	defer func() { k++ }()
	return w.Write([]byte("named results\n"))
}

func lookups() {
	addrs, err := net.LookupHost("127.0.0.1")
	say(addrs, err)
	ip, err := net.ResolveIPAddr("ip", "127.0.0.1")
	say(ip, err)
}
