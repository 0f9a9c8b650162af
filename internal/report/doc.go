// Package report writes a diagnosis: as JSON, by the schema that scripts rely on, as text for people, and as the
// changes since another report. Its output depends only on the diagnosis.
package report
