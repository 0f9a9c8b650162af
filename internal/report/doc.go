// Package report writes a diagnosis: as JSON, by the schema that scripts rely on, and as text for people. Its output
// depends only on the diagnosis.
package report
