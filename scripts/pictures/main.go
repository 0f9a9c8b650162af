// Pictures makes a page for a browser of what tmux capture-pane -e has taken: text with the escape sequences of a
// terminal. With an argument it makes that picture smaller. See the script run.
package main

import (
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

const head = `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #16181d; }
pre { margin: 14px; font: 14px/1.25 "DejaVu Sans Mono", monospace; color: #d7dae0; }
.s1 { font-weight: bold; } .s2 { color: #8b919c; } .s7 { background: #d7dae0; color: #16181d; }
.s31 { color: #ff6b6b; } .s32 { color: #7bd88f; } .s33 { color: #f5d67b; }
</style><pre>`

// sequence matches an escape sequence for colour.
var sequence = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// ends are the styles that a code ends, each with a space behind it.
var ends = map[string]string{"22": "s1 s2 ", "27": "s7 ", "39": "s31 s32 s33 ", "31": "s32 s33 ", "32": "s31 s33 ",
	"33": "s31 s32 "}

func main() {
	var text []byte
	var err error
	if len(os.Args) > 1 {
		err = shrink(os.Args[1])
	} else {
		text, err = io.ReadAll(os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
	if len(os.Args) > 1 {
		return
	}
	fmt.Println(head + page(strings.TrimRight(string(text), "\n")) + "</pre>")
}

// page returns the text with a span for each run of one style.
func page(text string) string {
	var b strings.Builder
	var styles []string
	write := func(s string) {
		if s != "" {
			fmt.Fprintf(&b, "<span class=%q>%s</span>", strings.Join(styles, " "), html.EscapeString(s))
		}
	}
	at := 0
	for _, m := range sequence.FindAllStringSubmatchIndex(text, -1) {
		write(text[at:m[0]])
		at = m[1]
		for _, code := range strings.Split(text[m[2]:m[3]], ";") {
			styles = slices.DeleteFunc(styles, func(s string) bool {
				return code == "" || code == "0" || ends[code] != "" && strings.Contains(ends[code], s+" ")
			})
			styles = append(styles, "s"+code)
		}
	}
	write(text[at:])
	return b.String()
}
