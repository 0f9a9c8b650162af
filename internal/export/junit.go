package export

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/awaittrace/awaittrace/internal/report"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Skipped *junitProblem `xml:"skipped,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the findings as test results. A certain or likely finding is a failed test, a possible one a skipped
// test. A report without findings is one test that passes.
func JUnit(w io.Writer, doc *report.Document, opt Options) error {
	suite := junitSuite{Name: "awaittrace " + program(doc)}
	x := newIndex(doc)
	for i := range doc.Findings {
		f := &doc.Findings[i]
		s := x.site(f)
		c := junitCase{Name: f.Kind + ": " + about(f), Class: program(doc), File: opt.relative(s.file), Line: s.line}
		p := &junitProblem{Message: f.Title, Type: f.Kind + " (" + f.Certainty + ")", Text: text(f)}
		if counts(f) {
			c.Failure = p
			suite.Failures++
		} else {
			p.Type = ""
			c.Skipped = p
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Name: "nothing is stuck", Class: program(doc)}}
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Tests: suite.Tests, Failures: suite.Failures,
		Suites: []junitSuite{suite}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// about is the title of a finding, behind the test that it is about.
func about(f *report.Finding) string {
	if f.Test == "" {
		return f.Title
	}
	return f.Test + ": " + f.Title
}

// text is a finding as several lines.
func text(f *report.Finding) string {
	var b strings.Builder
	for _, line := range f.Why {
		fmt.Fprintln(&b, line)
	}
	if f.Fix != "" {
		fmt.Fprintln(&b, "fix:", f.Fix)
	}
	return b.String()
}
