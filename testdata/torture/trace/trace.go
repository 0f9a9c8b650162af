// Package trace reads what a program printed when it died.
package trace

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

var (
	hex       = regexp.MustCompile(`\+?0x[0-9a-f]+`)
	others    = regexp.MustCompile(`goroutine ([2-9]|\d{2,}) `)
	arguments = regexp.MustCompile(`\(.*\)$`)
)

// Frames returns of a trace the goroutines with their states, and the frames of this module: function without
// arguments, base name of the file and line.
func Frames(trace []byte) []string {
	var list []string
	lines := strings.Split(string(trace), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "goroutine ") {
			list = append(list, others.ReplaceAllString(line, "goroutine N "))
		}
		if !strings.HasPrefix(line, "\t") || i == 0 || !strings.Contains(line, "torture") {
			continue
		}
		f := strings.TrimPrefix(lines[i-1], "created by ")
		f = arguments.ReplaceAllString(strings.Split(f, " in goroutine")[0], "")
		if strings.Contains(f, ".gowrap") {
			continue // the compiler's, where a go statement calls a builtin with arguments
		}
		at := hex.ReplaceAllString(line[strings.LastIndex(line, "/")+1:], "")
		list = append(list, f+" "+strings.TrimSpace(at))
	}
	return list
}

// Die runs this program again with arguments, and prints to w how it ends, what the runtime says and its frames here.
func Die(w io.Writer, args ...string) {
	cmd := exec.Command(os.Args[0], args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	fmt.Fprintf(w, "%v: %v %s\n", args, err, out)
	head := strings.SplitN(stderr.String(), "\n\n", 2)
	fmt.Fprintln(w, hex.ReplaceAllString(head[0], "X"))
	for _, frame := range Frames(stderr.Bytes()) {
		fmt.Fprintln(w, " ", frame)
	}
}
