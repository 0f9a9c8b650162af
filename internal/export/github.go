package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/awaittrace/awaittrace/internal/report"
)

// GitHub writes a line for each finding, which GitHub Actions shows as an annotation of the source: an error if it is
// certain, a warning if likely, a notice if possible. See "Workflow commands for GitHub Actions" in GitHub's
// documentation.
func GitHub(w io.Writer, doc *report.Document, opt Options) error {
	out := bufio.NewWriter(w)
	x := newIndex(doc)
	for i := range doc.Findings {
		f := &doc.Findings[i]
		command := map[string]string{"certain": "error", "likely": "warning"}[f.Certainty]
		if command == "" {
			command = "notice"
		}
		fmt.Fprintf(out, "::%s ", command)
		if s := x.site(f); s.line > 0 {
			fmt.Fprintf(out, "file=%s,line=%d,", property(opt.relative(s.file)), s.line)
		}
		text := strings.Join(append([]string{about(f)}, f.Why...), "\n")
		if f.Fix != "" {
			text += "\nfix: " + f.Fix
		}
		fmt.Fprintf(out, "title=%s::%s\n", property("awaittrace: "+f.Kind), message(text))
	}
	return out.Flush()
}

// message escapes the text of a workflow command, property the value of one of its properties.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
