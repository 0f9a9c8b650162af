// Hostile is a program that is stuck in two ways, whose expressions, labels, function names and sockets have what each
// format of the report must quote.
package main

import (
	"context"
	"net"
	"os"
	"runtime/pprof"
	"sync"
)

// nasty has the characters that mean something in HTML, XML, JSON, dot, workflow commands and terminals, and a value
// below adds bytes that are no UTF-8.
const nasty = "</script><script>alert(1)</script>]]>&amp;\"'\\N\n::error file=x::%25%0A\x1b[31m\x00\x07\u2028\u202e"

// A shelf has locks by name.
type shelf map[string]*sync.Mutex

func main() {
	locks := shelf{"]]>\"<b>": new(sync.Mutex), "::error::%0A\\": new(sync.Mutex)}
	var both sync.WaitGroup
	both.Add(2)
	meet := func() { both.Done(); both.Wait() }
	pprof.Do(context.Background(), pprof.Labels(nasty, nasty, "path", nasty+"\xff\xfe"), func(context.Context) {
		go func() {
			locks["]]>\"<b>"].Lock()
			meet()
			locks["::error::%0A\\"].Lock()
		}()
		go func() {
			locks["::error::%0A\\"].Lock()
			meet()
			locks["]]>\"<b>"].Lock()
		}()
		go leak[struct {
			A int `json:"]]></script>\\\n"`
		}]()
	})
	answer()
}

// leak waits for what nobody sends. Its name in a stack has the tag of T's field.
func leak[T any]() { <-make(chan T) }

// answer waits for an answer on a socket whose path, in the working directory, is nasty.
func answer() {
	const name = "s<&>\"'\x1b[31m\\ ]]>"
	l, err := net.Listen("unix", name)
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	conn, err := net.Dial("unix", name)
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	defer l.Close()
	conn.Read(make([]byte, 1))
}
