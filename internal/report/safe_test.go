package report

import (
	"strings"
	"testing"
)

func TestSafe(t *testing.T) {
	tests := []struct{ in, text, line string }{
		{"a.mu.Lock()\tx\n", "a.mu.Lock()\tx\n", "a.mu.Lock()\ufffdx\ufffd"},
		{"größe – 世界", "größe – 世界", "größe – 世界"},
		{"\x1b[31mred\x1b]0;title\a", "\ufffd[31mred\ufffd]0;title\ufffd", "\ufffd[31mred\ufffd]0;title\ufffd"},
		{"\u009b31m\x7f\r\b", "\ufffd31m\ufffd\ufffd\ufffd", "\ufffd31m\ufffd\ufffd\ufffd"},
		{"user\u202egpj.exe", "user\ufffdgpj.exe", "user\ufffdgpj.exe"},
		{"\x9b31m", "\ufffd31m", "\ufffd31m"}, // CSI in one byte, of terminals that are not in UTF-8
	}
	for _, tt := range tests {
		if got := Safe(tt.in); got != tt.text {
			t.Errorf("Safe(%q) = %q, want %q", tt.in, got, tt.text)
		}
		if got := SafeLine(tt.in); got != tt.line {
			t.Errorf("SafeLine(%q) = %q, want %q", tt.in, got, tt.line)
		}
		var b strings.Builder
		if n, err := SafeWriter(&b).Write([]byte(tt.in)); n != len(tt.in) || err != nil || b.String() != tt.text {
			t.Errorf("SafeWriter(%q): %d, %v, %q", tt.in, n, err, b.String())
		}
	}
}
