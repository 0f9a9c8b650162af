package runtime

import "runtime"

// Stack returns a function that does what stack, which is runtime.Stack, does, but leaves out the frames of probes. The
// text that it writes ends where it would without probes: at the length of the buffer, or before it.
func Stack(stack func([]byte, bool) int) func([]byte, bool) int {
	return func(buf []byte, all bool) int {
		for text := buf; ; text = make([]byte, 2*len(text)+1024) {
			n := stack(text, all)
			whole := n < len(text)
			if n = len(withoutProbes(text[:n], whole)); whole || n >= len(buf) {
				return copy(buf, text[:n])
			}
		}
	}
}

// StackText returns the text of a stack without the frames of probes. It changes text.
func StackText(text []byte) []byte { return withoutProbes(text, true) }

// withoutProbes moves the lines of frames other than those of probes to the beginning of text, and returns them. It
// leaves out the last frame of a text that is not whole. The file of a frame tells whether it is a probe's: an inlined
// closure has the name of the function around it.
//
//	debug.Recv[...](...)
//		/usr/local/go/src/debug/chan.go:97 +0x1c
func withoutProbes(text []byte, whole bool) []byte {
	_, file, _, _ := runtime.Caller(0)
	folder := "\t" + file[:len(file)-len("stack.go")]
	kept := text[:0]
	for len(text) > 0 {
		n := line(text)
		position := text[n:]
		position = position[:line(position)]
		if len(position) > 0 && position[0] == '\t' {
			n += len(position)
		}
		if n == len(text) && !whole {
			break
		}
		if !isIn(folder, position) {
			kept = append(kept, text[:n]...)
		}
		text = text[n:]
	}
	return kept
}

// isIn reports whether position is in a file directly in folder.
func isIn(folder string, position []byte) bool {
	if len(position) < len(folder) || string(position[:len(folder)]) != folder {
		return false
	}
	for _, b := range position[len(folder):] {
		if b == '/' {
			return false
		}
	}
	return true
}

// line returns the length of the first line of text, with its newline.
func line(text []byte) int {
	for i, b := range text {
		if b == '\n' {
			return i + 1
		}
	}
	return len(text)
}
