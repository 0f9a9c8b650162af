package procfs

import (
	"runtime"
	"strconv"
)

// linkRegister is the index of the link register of arm64.
const linkRegister = 30

// RegisterNames returns the general registers of this machine, by Delve's names.
func RegisterNames() []string {
	var names []string
	if runtime.GOARCH == "arm64" {
		for i := range linkRegister + 1 {
			names = append(names, "X"+strconv.Itoa(i))
		}
		return names
	}
	names = []string{"Rax", "Rbx", "Rcx", "Rdx", "Rsi", "Rdi", "Rbp"}
	for i := 8; i <= 15; i++ {
		names = append(names, "R"+strconv.Itoa(i))
	}
	return names
}
