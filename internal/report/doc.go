// Package report shows a diagnosis: as JSON, by the schema that scripts rely on, and as text for people. It adds
// nothing to what package diagnose has found, and its output depends on nothing else.
package report
