package target

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// The notes of a core that CoreExe reads: see core(5) and elf.h.
const (
	noteAuxv  = 6
	noteFile  = 0x46494c45
	atEntry   = 9
	maxNotes  = 64 << 20 // bytes
	wordBytes = 8
)

// CoreExe returns the path of a core's executable, by the core: the file that was mapped at the entry address. Its
// error is an [*procfs.Error].
func CoreExe(core string) (string, error) {
	f, err := os.Open(core)
	if err != nil {
		return "", err
	}
	defer f.Close()
	progs, _, err := programHeaders(f)
	if err != nil {
		return "", procfs.Damage("cannot read %q as a core: %v", core, err)
	}
	var entry uint64
	var files []byte
	for _, p := range progs {
		if elf.ProgType(p.Type) != elf.PT_NOTE || p.Filesz > maxNotes || p.Off > 1<<60 {
			continue
		}
		b := make([]byte, p.Filesz)
		if _, err := f.ReadAt(b, int64(p.Off)); err != nil && err != io.EOF {
			continue
		}
		eachNote(b, func(kind uint32, desc []byte) {
			switch kind {
			case noteAuxv:
				for ; len(desc) >= 2*wordBytes; desc = desc[2*wordBytes:] {
					if binary.LittleEndian.Uint64(desc) == atEntry {
						entry = binary.LittleEndian.Uint64(desc[wordBytes:])
					}
				}
			case noteFile:
				files = desc
			}
		})
	}
	if path := mappedAt(files, entry); path != "" {
		return path, nil
	}
	return "", &procfs.Error{Reason: procfs.Unsupported,
		Text: fmt.Sprintf("core %q does not say which executable it is of", core), Fix: "name that behind the core"}
}

// eachNote calls visit for each note in b, with its type and content.
func eachNote(b []byte, visit func(kind uint32, desc []byte)) {
	const header = 12
	round := func(n uint64) uint64 { return (n + 3) &^ 3 }
	for len(b) >= header {
		name, size := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
		kind := binary.LittleEndian.Uint32(b[8:])
		begin := header + round(name)
		if begin+size > uint64(len(b)) {
			return
		}
		visit(kind, b[begin:begin+size])
		b = b[min(begin+round(size), uint64(len(b))):]
	}
}

// mappedAt returns the file that is mapped at addr by a note of files, or "".
func mappedAt(note []byte, addr uint64) string {
	if len(note) < 2*wordBytes || addr == 0 {
		return ""
	}
	n := binary.LittleEndian.Uint64(note)
	table := note[2*wordBytes:]
	if n > uint64(len(table))/(3*wordBytes) {
		return ""
	}
	names := bytes.Split(table[n*3*wordBytes:], []byte{0})
	for i := range n {
		e := table[i*3*wordBytes:]
		if addr >= binary.LittleEndian.Uint64(e) && addr < binary.LittleEndian.Uint64(e[wordBytes:]) &&
			i < uint64(len(names)) {
			return strings.TrimSuffix(string(names[i]), " (deleted)")
		}
	}
	return ""
}
