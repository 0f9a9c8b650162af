// Masks has goroutines that wait for channels which variables lead to: by a pointer, or by an integer that looks like one. Each is
// started by a call of its own function, whose comment says whether that can end: "leak", never; "live", by the variable.
package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"sync"
	"text/template"
	"time"
	"unsafe"
)

// A pair has what leads to a channel.
type pair struct {
	before uintptr
	c      chan int
	after  uintptr
}

var (
	one  [2]*pair
	few  [2]*[7]pair
	many [2]*[30]pair
	list [2][]pair
	huge [2][]pair
)

func fill(p *pair, c chan int, pointer bool) {
	if pointer {
		p.c = c
		return
	}
	p.before = *(*uintptr)(unsafe.Pointer(&c))
	p.after = p.before
}

// onePointer: live
func onePointer() {
	c := make(chan int)
	one[0] = new(pair)
	fill(one[0], c, true)
	<-c
}

// oneInteger: leak
func oneInteger() {
	c := make(chan int)
	one[1] = new(pair)
	fill(one[1], c, false)
	<-c
}

// fewPointer: live
func fewPointer() {
	c := make(chan int)
	few[0] = new([7]pair)
	fill(&few[0][6], c, true)
	<-c
}

// fewInteger: leak
func fewInteger() {
	c := make(chan int)
	few[1] = new([7]pair)
	for i := range few[1] {
		fill(&few[1][i], c, false)
	}
	<-c
}

// manyPointer: live
func manyPointer() {
	c := make(chan int)
	many[0] = new([30]pair)
	fill(&many[0][29], c, true)
	<-c
}

// manyInteger: leak
func manyInteger() {
	c := make(chan int)
	many[1] = new([30]pair)
	for i := range many[1] {
		fill(&many[1][i], c, false)
	}
	<-c
}

// listPointer: live
func listPointer() {
	c := make(chan int)
	list[0] = make([]pair, 200)
	fill(&list[0][199], c, true)
	<-c
}

// listInteger: leak
func listInteger() {
	c := make(chan int)
	list[1] = make([]pair, 200)
	for i := range list[1] {
		fill(&list[1][i], c, false)
	}
	<-c
}

// hugePointer: live
func hugePointer() {
	c := make(chan int)
	huge[0] = make([]pair, 5000)
	fill(&huge[0][4999], c, true)
	<-c
}

// hugeInteger: leak
func hugeInteger() {
	c := make(chan int)
	huge[1] = make([]pair, 5000)
	for i := range huge[1] {
		fill(&huge[1][i], c, false)
	}
	<-c
}

// kept has values of many types.
var kept []any

type tree struct {
	odd         bool
	left, right *tree
	name        string
	rest        [9]any
}

func newTree(n int) *tree {
	if n == 0 {
		return nil
	}
	t := &tree{odd: n%2 == 1, left: newTree(n / 2), right: newTree((n - 1) / 2), name: fmt.Sprint(n)}
	t.rest[n%9] = &t.name
	return t
}

func keep() {
	counts, synced := make(map[[2]string]struct {
		odd bool
		of  *tree
	}), new(sync.Map)
	for i := range [1000]int{} {
		key := [2]string{fmt.Sprint(i), "x"}
		counts[key] = struct {
			odd bool
			of  *tree
		}{i%2 == 1, newTree(i % 10)}
		synced.Store(i, &key)
		if i%3 == 0 {
			delete(counts, key)
		}
	}
	var doc any
	json.Unmarshal([]byte(`{"a": [1, "x", {"b": null, "c": [true, {}]}]}`), &doc)
	kept = []any{newTree(5000), counts, synced, doc, regexp.MustCompile(`(a|b)*c{3,9}[^x-z]+`),
		template.Must(template.New("x").Parse("{{range .}}{{.A}}{{end}}")), func() any { return doc }}
}

func main() {
	keep()
	runtime.GC()
	debug.SetGCPercent(-1)
	for _, f := range []func(){
		onePointer, oneInteger, fewPointer, fewInteger, manyPointer, manyInteger, listPointer, listInteger,
		hugePointer, hugeInteger,
	} {
		go f()
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
