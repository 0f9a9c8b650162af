package screen

import "testing"

func TestFrame(t *testing.T) {
	const end = plain + clear
	tests := []struct {
		text          string
		width, height int
		want          string
	}{
		{"", 80, 24, home + end + below},
		{"one\ntwo\n", 80, 24, home + "one" + end + "\r\ntwo" + end + below},
		{"one\ntwo\nthree\nfour\n", 80, 3, home + "one" + end + "\r\ntwo" + end + "\r\n…" + end + below},
		{"äöüß", 3, 1, home + "äöü" + end + below},
		{"\x1b[1mbold\x1b[0m and more", 6, 1, home + "\x1b[1mbold\x1b[0m a" + end + below},
		{"unknown size", 0, 0, home + "unknown size" + end + below},
		{"cut \x1b[", 80, 1, home + "cut \x1b[" + end + below},
	}
	for _, test := range tests {
		if got := frame(test.text, test.width, test.height); got != test.want {
			t.Errorf("%q in %d columns, %d lines: %q, want %q", test.text, test.width, test.height, got, test.want)
		}
	}
}
