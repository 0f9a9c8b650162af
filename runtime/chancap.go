package runtime

// Cap returns the size of a channel's buffer where -chan-cap limits it:
//
//	make(chan T, n)   =>   make(chan T, Cap(limit, n))
//
// Cap returns a size that make refuses unchanged.
func Cap(limit, n int) int { return CapOf(limit, n) }

// CapOf is Cap for sizes that are not of type int.
func CapOf[N integer](limit int, n N) N {
	if n > 0 && uint64(n) > uint64(limit) {
		return N(limit)
	}
	return n
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}
