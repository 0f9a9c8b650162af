package procfs

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// The notes of cores from Delve: see its pkg/elfwriter/delve_core_notes.go and pkg/proc/dump.go.
const (
	delveHeader = 0x444C5645
	delveThread = 0x444C5654

	delveEntry = "Entry Point: "
)

// readDelveHeader reads the entry address, which Delve writes as text.
func (c *Core) readDelveHeader(desc []byte) {
	for line := range strings.Lines(string(desc)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), delveEntry); ok {
			c.entry, _ = strconv.ParseUint(text, 0, 64)
		}
	}
}

// readDelveThread reads a thread: its ID, four registers, whether it has a g and which, and then all registers by name.
func readDelveThread(desc []byte) (th reach.Thread, ok bool) {
	const fixed = 5*8 + 1 + 8 + 4
	if len(desc) < fixed {
		return th, false
	}
	word := binary.LittleEndian.Uint64
	th.TID, th.PC, th.SP = int(word(desc)), word(desc[8:]), word(desc[16:])
	n := binary.LittleEndian.Uint32(desc[fixed-4:])
	desc = desc[fixed:]
	field := func() []byte {
		if len(desc) < 2 {
			return nil
		}
		size := int(binary.LittleEndian.Uint16(desc))
		if len(desc) < 2+size {
			return nil
		}
		b := desc[2 : 2+size]
		desc = desc[2+size:]
		return b
	}
	for ; n > 0; n-- {
		name, value := field(), field()
		if name == nil || value == nil {
			return th, false // cut off
		}
		if len(value) != 8 {
			continue // a vector, in which Go's runtime keeps no pointers that it works with
		}
		th.Regs = append(th.Regs, word(value))
		if name := strings.ToLower(string(name)); name == "x30" || name == "lr" {
			th.LR = word(value)
		}
	}
	return th, len(th.Regs) > 0
}
