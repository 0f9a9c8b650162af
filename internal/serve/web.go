package serve

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/export"
	"github.com/awaittrace/awaittrace/internal/report"
)

// A handler answers requests.
type handler struct {
	*survey
	opt Options
}

func newHandler(s *survey, opt Options) http.Handler {
	h := &handler{s, opt}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(newRegistry(s, opt.Version),
		promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /{$}", h.index)
	mux.HandleFunc("GET /report/{program}", h.program)
	mux.HandleFunc("GET /debug/pprof/awaittrace", h.profile)
	mux.HandleFunc("GET /livez", h.livez)
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

var indexPage = template.Must(template.New("index").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>awaittrace</title><meta name="color-scheme" content="light dark">
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em}td,th{text-align:left;padding:.2em 1.2em .2em 0}.bad{color:#c33;font-weight:600}</style></head><body>
<h1>awaittrace</h1>
{{if .}}<table><tr><th>program<th>pid<th>container<th>goroutines<th>stuck<th>looked at</tr>
{{range .}}<tr><td><a href="/report/{{.ID}}">{{.Name}}</a><td>{{.Pid}}<td>{{.Container}}<td>{{.Goroutines}}<td{{if .Stuck}} class="bad"{{end}}>{{.Stuck}}<td>{{.Fault}}{{.Ago}}</tr>
{{end}}</table>{{else}}<p>No instrumented program runs here.</p>{{end}}
<p><a href="/metrics">metrics</a></p></body></html>
`))

// index lists the programs.
func (h *handler) index(w http.ResponseWriter, _ *http.Request) {
	type line struct {
		ID, Name, Container, Fault, Ago string
		Pid, Goroutines, Stuck          int
	}
	var lines []line
	for _, r := range h.rows() {
		l := line{ID: r.id.String(), Name: r.p.name, Container: r.p.container, Pid: r.id.pid, Fault: r.look.fault}
		if l.Fault == "" {
			l.Ago = diagnose.Duration(time.Since(r.look.at)) + " ago"
		}
		for v, n := range r.look.counts {
			l.Goroutines += n
			if v != diagnose.Idle && v != diagnose.OK {
				l.Stuck += n
			}
		}
		lines = append(lines, l)
	}
	h.answer(w, "text/html; charset=utf-8", func(b *bytes.Buffer) error { return indexPage.Execute(b, lines) })
}

// program answers with the report on a program in the format of the parameter f, by default the page.
func (h *handler) program(w http.ResponseWriter, r *http.Request) {
	h.write(w, r, r.PathValue("program"), r.URL.Query().Get("f"))
}

// profile answers with the report on a program as a profile.
func (h *handler) profile(w http.ResponseWriter, r *http.Request) {
	h.write(w, r, r.URL.Query().Get("program"), "pprof")
}

func (h *handler) write(w http.ResponseWriter, req *http.Request, program, format string) {
	kinds := map[string]string{
		"html": "text/html; charset=utf-8", "json": "application/json", "text": "text/plain; charset=utf-8",
		"dot":   "text/vnd.graphviz",
		"pprof": "application/octet-stream", "trace": "application/json", "junit": "application/xml",
		"sarif": "application/sarif+json",
	}
	if format == "" {
		format = "html"
	}
	kind := kinds[format]
	if kind == "" {
		http.Error(w, fmt.Sprintf("invalid f=%s: want html, json, text, dot, pprof, trace, junit or sarif",
			label(format)), http.StatusBadRequest)
		return
	}
	r, ok := h.named(w, req, program)
	if !ok {
		return
	}
	h.answer(w, kind, func(b *bytes.Buffer) error {
		switch format {
		case "json":
			return report.JSON(b, r)
		case "text":
			return report.Text(b, r, report.TextOptions{All: req.URL.Query().Has("all")})
		}
		f, _ := export.Find(format)
		return f.Write(b, report.NewDocument(r), export.Options{Source: h.opt.Source})
	})
}

// named diagnoses the program of a request, or answers with the error.
func (h *handler) named(w http.ResponseWriter, req *http.Request, program string) (*diagnose.Report, bool) {
	if name, err := url.PathUnescape(program); err == nil {
		program = name
	}
	e, err := h.find(program)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return nil, false
	}
	r, err := h.report(req.Context(), e, false)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil, false
	}
	return r, true
}

// livez answers 503 if a program has a certain finding of the kinds of the parameter kind: by default deadlocks and
// orphaned locks, which a restart fixes.
func (h *handler) livez(w http.ResponseWriter, req *http.Request) {
	kinds := []string{string(diagnose.KindDeadlock), string(diagnose.KindOrphanedLock)}
	if asked := req.URL.Query().Get("kind"); asked != "" {
		kinds = strings.Split(asked, ",")
	}
	for _, k := range kinds {
		if !slices.Contains(diagnose.Kinds(), diagnose.Kind(k)) {
			http.Error(w, fmt.Sprintf("invalid kind %q", label(k)), http.StatusBadRequest)
			return
		}
	}
	r, ok := h.named(w, req, req.URL.Query().Get("program"))
	if !ok {
		return
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Certainty == diagnose.Certain && slices.Contains(kinds, string(f.Kind)) {
			http.Error(w, fmt.Sprintf("%s: %s", f.Kind, label(f.Title)), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

// answer writes a whole answer, or the error.
func (h *handler) answer(w http.ResponseWriter, kind string, write func(*bytes.Buffer) error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(b.Bytes())
}
