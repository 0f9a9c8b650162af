package report

import (
	"reflect"
	"slices"
)

// apart is the distance between the ids of two processes in a merged document.
const apart = 1_000_000

// Merge merges the documents of several processes. Goroutine 7 of the second gets the id 1000007, and so on. Merge
// changes the documents.
func Merge(exe string, docs []*Document) *Document {
	m := &Document{
		Schema: Schema, Process: Process{Exe: exe, State: "exited", Record: true}, Complete: true,
		Findings: []Finding{}, Goroutines: []Goroutine{},
	}
	for n, d := range docs {
		renumber(reflect.ValueOf(d).Elem(), int64(n)*apart)
		m.Findings = append(m.Findings, d.Findings...)
		m.Goroutines = append(m.Goroutines, d.Goroutines...)
		m.Complete = m.Complete && d.Complete
		m.Counts.add(d.Counts)
		m.KeptBytes += d.KeptBytes
		m.Process.Taken, m.Process.Go = max(m.Process.Taken, d.Process.Taken), d.Process.Go
	}
	return m
}

func (c *Counts) add(d Counts) {
	to, from := reflect.ValueOf(c).Elem(), reflect.ValueOf(d)
	for i := range to.NumField() {
		to.Field(i).SetInt(to.Field(i).Int() + from.Field(i).Int())
	}
}

// goroutineFields are the JSON names of fields that hold goroutine ids.
var goroutineFields = []string{"id", "root", "goroutine,omitempty", "goroutine", "goroutines", "root,omitempty"}

// renumber adds n to all ids of goroutines in v, which is of the types of this package.
func renumber(v reflect.Value, n int64) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			renumber(v.Elem(), n)
		}
	case reflect.Slice:
		for i := range v.Len() {
			renumber(v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if !slices.Contains(goroutineFields, v.Type().Field(i).Tag.Get("json")) {
				renumber(f, n)
				continue
			}
			switch ids := f.Addr().Interface().(type) {
			case *int64:
				if *ids != 0 {
					*ids += n
				}
			case *[]int64:
				for j := range *ids {
					(*ids)[j] += n
				}
			}
			if f.Kind() == reflect.Slice {
				renumber(f, n)
			}
		}
	}
}
