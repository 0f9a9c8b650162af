package runtime

import "runtime"

// stackGoid returns the id of this goroutine from its stack: "goroutine 7 [running]:". That always works, but is slow.
func stackGoid() uint64 {
	var buf [64]byte
	id, _ := parseGoid(buf[:runtime.Stack(buf[:], false)])
	return id
}

// parseGoid returns the id in the first line of a goroutine's stack, and what follows it.
func parseGoid(b []byte) (id uint64, rest []byte) {
	const prefix = "goroutine "
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return 0, nil
	}
	for b = b[len(prefix):]; len(b) > 0 && '0' <= b[0] && b[0] <= '9'; b = b[1:] {
		id = id*10 + uint64(b[0]-'0')
	}
	return id, b
}
