package reach

import "fmt"

// errNonsense is the error for memory that cannot be what it should be.
func errNonsense(what string, addr uint64) error {
	return fmt.Errorf("%s at %#x does not make sense", what, addr)
}
