package target

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// CheckCore reports what is wrong with a core before it is opened: that it is cut off, as by ulimit -c or a full disk,
// or belongs to another executable than exe. Other errors show when the core is opened. Its error is an
// [*procfs.Error]. A core that is cut off may still be usable.
func CheckCore(exe, core string) (usable bool, err error) {
	f, err := os.Open(core)
	if err != nil {
		return true, nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return true, nil
	}
	progs, end, err := programHeaders(f)
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == nil && end > info.Size() {
		return err == nil, procfs.Damage("core %q is cut off: it has %d bytes, and should have %d at least", core,
			info.Size(), max(end, info.Size()+1))
	}
	id, addr := buildID(exe)
	if err != nil || id == nil {
		return true, nil
	}
	for _, p := range progs {
		if elf.ProgType(p.Type) != elf.PT_LOAD || addr < p.Vaddr || addr+uint64(len(id)) > p.Vaddr+p.Filesz {
			continue
		}
		there := make([]byte, len(id))
		if _, err := f.ReadAt(there, int64(p.Off+addr-p.Vaddr)); err == nil && !bytes.Equal(there, id) {
			return false, procfs.Damage("core %q is of another executable than %q, or of one that was there before "+
				"it was built again", core, exe)
		}
	}
	return true, nil
}

// programHeaders reads the program headers of a core of a 64-bit system, and returns where the last segment ends.
// Package elf would reject a file whose other tables are missing. An io.EOF is one in the headers themselves.
func programHeaders(f io.ReaderAt) (progs []elf.Prog64, end int64, err error) {
	var h elf.Header64
	if err := binary.Read(io.NewSectionReader(f, 0, int64(binary.Size(h))), binary.LittleEndian, &h); err != nil {
		return nil, 0, err
	}
	size := int64(binary.Size(elf.Prog64{}))
	if kind := elf.Type(h.Type); kind == elf.ET_EXEC || kind == elf.ET_DYN {
		return nil, 0, errors.New("it is an executable or a library")
	}
	if string(h.Ident[:4]) != elf.ELFMAG || elf.Class(h.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 ||
		elf.Data(h.Ident[elf.EI_DATA]) != elf.ELFDATA2LSB || elf.Type(h.Type) != elf.ET_CORE ||
		int64(h.Phentsize) != size || h.Phoff > 1<<60 {
		return nil, 0, errors.New("it is not a core of a 64-bit system")
	}
	progs = make([]elf.Prog64, h.Phnum)
	end = int64(h.Phoff) + int64(h.Phnum)*size
	if err := binary.Read(io.NewSectionReader(f, int64(h.Phoff), int64(h.Phnum)*size), binary.LittleEndian,
		progs); err != nil {
		return nil, end, err
	}
	for _, p := range progs {
		if p.Off < 1<<60 && p.Filesz < 1<<60 {
			end = max(end, int64(p.Off+p.Filesz))
		}
	}
	return progs, end, nil
}

// buildID returns the note of Go's build ID in an executable, and its address in a process, or nil if that is not
// fixed.
func buildID(exe string) (note []byte, addr uint64) {
	f, err := elf.Open(exe)
	if err != nil {
		return nil, 0
	}
	defer f.Close()
	s := f.Section(".note.go.buildid")
	if s == nil || f.Type != elf.ET_EXEC {
		return nil, 0
	}
	note, err = s.Data()
	if err != nil {
		return nil, 0
	}
	return note, s.Addr
}
