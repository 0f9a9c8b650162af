// Package cmdunread waits for the end of a command before it reads what that writes.
package cmdunread

import (
	"bufio"
	"fmt"
	"os/exec"
)

func lines(name string, args ...string) ([]string, error) {
	cmd := exec.Command(name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil { // @wait
		return nil, err
	}
	var list []string
	for in := bufio.NewScanner(out); in.Scan(); {
		list = append(list, in.Text())
	}
	return list, nil
}

func Main() {
	list, err := lines("sh", "-c", "i=0; while [ $i -lt 40000 ]; do echo line $i; i=$((i+1)); done")
	fmt.Println(len(list), err)
}
