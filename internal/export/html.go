package export

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"

	"github.com/awaittrace/awaittrace/internal/report"
)

// The parts of the page. Those in vendor are other people's: scripts/vendorpage fetches them.
var (
	//go:embed page/style.css
	pageStyle []byte
	//go:embed page/app.js
	pageScript []byte
	//go:embed page/vendor/dagre.min.js
	dagre []byte
	//go:embed page/vendor/htm-preact.js
	preact []byte
)

// HTML writes a page for a browser. The page is one file and requests nothing. Its policy permits only its own scripts:
// the report is data.
func HTML(w io.Writer, doc *report.Document, opt Options) error {
	data, err := json.Marshal(newPage(doc, opt)) // escapes <, > and &
	if err != nil {
		return err
	}
	scripts := [][]byte{preact, dagre, pageScript}
	policy := "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " + hash(pageStyle) +
		"; script-src"
	for _, s := range scripts {
		policy += " " + hash(s)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"+
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", html.EscapeString(policy))
	fmt.Fprintf(&b, "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s: awaittrace</title>\n"+
		"<style>%s</style>\n</head>\n<body>\n", html.EscapeString(program(doc)), pageStyle)
	fmt.Fprintf(&b, "<div id=\"app\"><noscript>This page needs JavaScript. `awaittrace report` prints the same as "+
		"text.</noscript></div>\n")
	fmt.Fprintf(&b, "<script type=\"application/json\" id=\"data\">%s</script>\n", data)
	for _, s := range scripts {
		fmt.Fprintf(&b, "<script>%s</script>\n", s)
	}
	b.WriteString("</body>\n</html>\n")
	_, err = w.Write(b.Bytes())
	return err
}

// hash returns the source expression of a policy that allows an inline script or style.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
