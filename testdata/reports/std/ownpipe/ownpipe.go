// Package ownpipe captures what a function prints by a pipe, which it reads only when the function has returned.
package ownpipe

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func table() {
	for i := range 10000 {
		fmt.Println("row", i) // @print
	}
}

func capture(f func()) string {
	stdout := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stdout = w
	f()
	w.Close()
	os.Stdout = stdout
	b, _ := io.ReadAll(r)
	return string(b)
}

func Main() {
	go capture(table)
	http.ListenAndServe("127.0.0.1:0", nil)
}
