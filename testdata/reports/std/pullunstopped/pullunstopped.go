// Package pullunstopped takes the first values of iterators by iter.Pull, and never stops these.
package pullunstopped

import (
	"fmt"
	"iter"
	"time"
)

type row struct{ id int }

// rows is to free what it has opened when it is over.
func rows(n int) iter.Seq[row] {
	return func(yield func(row) bool) {
		defer fmt.Println("closed")
		for i := 0; i < n; i++ {
			if !yield(row{i}) { // @yield
				return
			}
		}
	}
}

// merge returns the smallest first row, if there is one.
func merge(seqs ...iter.Seq[row]) (row, bool) {
	var first row
	found := false
	for _, seq := range seqs {
		next, _ := iter.Pull(seq)
		if r, ok := next(); ok && (!found || r.id < first.id) {
			first, found = r, true
		}
	}
	return first, found
}

func Main() {
	for i := 0; i < 5; i++ {
		merge(rows(10), rows(20))
	}
	time.Sleep(time.Hour)
}
