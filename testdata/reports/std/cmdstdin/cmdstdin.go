// Package cmdstdin pipes text through a command, and reads the result without having closed the command's input.
package cmdstdin

import (
	"fmt"
	"io"
	"os/exec"
)

func filter(text, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	if _, err := io.WriteString(in, text); err != nil {
		return "", err
	}
	b, err := io.ReadAll(out) // @read
	if err != nil {
		return "", err
	}
	return string(b), cmd.Wait()
}

func Main() {
	fmt.Println(filter("b\na\n", "sort"))
}
