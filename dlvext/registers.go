package dlvext

import (
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// registers returns the general registers of a thread, which only Delve knows, or nil.
func (d *debugger) registers(tid int) []uint64 {
	list, err := d.client.ListThreadRegisters(tid, false)
	if err != nil {
		return nil
	}
	told := make(map[string]string, len(list))
	for _, r := range list {
		told[strings.ToLower(r.Name)] = r.Value
	}
	var regs []uint64
	for _, name := range procfs.RegisterNames() {
		v, err := strconv.ParseUint(told[strings.ToLower(name)], 0, 64)
		if err != nil {
			return nil
		}
		regs = append(regs, v)
	}
	return regs
}
