//go:build !awaittrace_portable

package watch

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"path/filepath"
	"strconv"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// allgs returns the addresses of runtime.allglen and runtime.allgptr in process pid, or zeros if its executable does
// not have them.
func allgs(pid int) (length, list uint64) {
	f, err := elf.Open(filepath.Join(procfs.Root, strconv.Itoa(pid), "exe"))
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	if f.Type != elf.ET_EXEC || f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB {
		return 0, 0
	}
	section := f.SectionByType(elf.SHT_SYMTAB)
	if section == nil || int(section.Link) >= len(f.Sections) {
		return 0, 0
	}
	symbols, err := section.Data()
	if err != nil {
		return 0, 0
	}
	names, err := f.Sections[section.Link].Data()
	if err != nil {
		return 0, 0
	}
	if length, list = symbol(symbols, names, "runtime.allglen"),
		symbol(symbols, names, "runtime.allgptr"); length == 0 || list == 0 {
		return 0, 0
	}
	return length, list
}

// symbol returns the value of the symbol of that name, or zero. It decodes no other symbol, because the table may be
// large.
func symbol(symbols, names []byte, name string) uint64 {
	at := bytes.Index(names, []byte("\x00"+name+"\x00"))
	if at < 0 {
		return 0
	}
	for ; len(symbols) >= elf.Sym64Size; symbols = symbols[elf.Sym64Size:] {
		if binary.LittleEndian.Uint32(symbols) == uint32(at+1) {
			return binary.LittleEndian.Uint64(symbols[8:])
		}
	}
	return 0
}
