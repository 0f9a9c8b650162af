package top

import (
	"regexp"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// path matches a path of several elements that ends in the name of a file of Go source.
var path = regexp.MustCompile(`[^\s():,]*/[^\s():,]+\.go\b`)

// shorten makes text at most so many columns wide: first in the middle of paths, and then, if that does not do, in
// the middle of the text.
func shorten(text string, width int) string {
	if ansi.StringWidth(text) <= width {
		return text
	}
	for _, keep := range []int{2, 1} { // the first folders of a path, and its name
		text = path.ReplaceAllStringFunc(text, func(p string) string {
			elems := strings.Split(p, "/")
			if len(elems) <= keep+1 {
				return p
			}
			return strings.Join(elems[:keep-1], "/") + strings.Repeat("/", min(keep-1, 1)) + "…/" + elems[len(elems)-1]
		})
		if ansi.StringWidth(text) <= width {
			return text
		}
	}
	if width < 8 {
		return ansi.Truncate(text, max(width, 0), "…")
	}
	// The end has the place: it gets the larger part.
	tail := width * 3 / 5
	head, end := ansi.Truncate(text, width-tail-1, ""), ansi.TruncateLeft(text, ansi.StringWidth(text)-tail, "")
	return strings.TrimRight(head, "… ") + "…" + strings.TrimLeft(end, "…")
}
