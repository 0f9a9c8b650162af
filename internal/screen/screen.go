// Package screen shows a text that changes on a terminal: one screen of it, drawn anew at intervals, until the user has seen enough.
package screen

import (
	"bytes"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	enter = "\x1b[?1049h\x1b[?25l" // the terminal's second screen, without a cursor
	leave = "\x1b[?25h\x1b[?1049l"
	home  = "\x1b[H"
	clear = "\x1b[K"  // to the end of the line
	below = "\x1b[J"  // from here to the end of the screen
	plain = "\x1b[0m" // no colour
)

// Show draws the text that draw writes, every so often, until a key that quits is pressed (q, Escape, ^C, ^D) or draw fails. Any
// other key draws it at once. in and out are the terminal, which is left as it was; of the text, what does not fit is left out.
func Show(in, out *os.File, every time.Duration, draw func(io.Writer) error) (err error) {
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return err
	}
	io.WriteString(out, enter)
	defer func() {
		io.WriteString(out, leave)
		term.Restore(int(in.Fd()), state)
	}()
	keys := make(chan byte)
	go read(in, keys) // until the program ends: nothing else reads from in
	for {
		var text bytes.Buffer
		if err := draw(&text); err != nil {
			return err
		}
		width, height, err := term.GetSize(int(out.Fd()))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, frame(text.String(), width, height)); err != nil {
			return err
		}
		select {
		case key, ok := <-keys:
			if !ok || quits(key) {
				return nil
			}
		case <-time.After(every):
		}
	}
}

// read sends what is typed, and closes keys at its end.
func read(in io.Reader, keys chan<- byte) {
	defer close(keys)
	for b := make([]byte, 1); ; {
		if n, err := in.Read(b); n == 0 || err != nil {
			return
		}
		keys <- b[0]
	}
}

// quits reports whether a key ends the show.
func quits(key byte) bool { return key == 'q' || key == 'Q' || key == 0x1b || key == 3 || key == 4 }

// frame returns what draws the first height lines of text, each cut to width columns. Serial lines do not say how large they are, which is zero: then it is
// what terminals used to be.
func frame(text string, width, height int) string {
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if left := len(lines) - height; left > 0 {
		lines = append(lines[:height-1:height-1], "…")
	}
	var b strings.Builder
	b.WriteString(home)
	for i, l := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(cut(l, width) + plain + clear)
	}
	b.WriteString(below)
	return b.String()
}

// cut returns the first width columns of a line, in which escape sequences for colour take none.
func cut(line string, width int) string {
	for i, columns := 0, 0; i < len(line); {
		if strings.HasPrefix(line[i:], "\x1b[") {
			if end := strings.IndexByte(line[i:], 'm'); end > 0 {
				i += end + 1
				continue
			}
		}
		if columns == width {
			return line[:i]
		}
		_, n := utf8.DecodeRuneInString(line[i:])
		i += n
		columns++
	}
	return line
}
