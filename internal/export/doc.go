// Package export writes a report in the formats of other tools: Graphviz's dot, pprof, the Chrome trace, JUnit,
// SARIF, GitHub's annotations, and a page of HTML that needs nothing but a browser.
//
// Every writer takes the JSON document of a report (package report), so that a report which was saved as JSON can be
// written in any of them later, and none of them knows where the report came from. Formats lists them.
//
// The writers are deterministic: the same document gives the same bytes. Strings in a document come from other
// people's programs; each writer quotes them by the rules of its format.
package export
