package procfs

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// A Core is a program as a core file shows it, as a [reach.Source]. Pages that the file lacks, such as those that were
// the same on disk, come from the executable.
type Core struct {
	files []*os.File
	loads []load // sorted by address: those of the core, and between them those of the executable
	// starts are the start addresses of the program's mappings, including mappings of files that the core lacks.
	starts  []uint64
	threads []reach.Thread
	entry   uint64
	pid     int
	arch    elf.Machine
}

var _ reach.Source = (*Core)(nil)

// A load is a range of memory that is in a file.
type load struct {
	lo, hi uint64
	off    int64
	f      io.ReaderAt
}

// OpenCore opens a core, and the executable that it comes from. An error is an [*Error].
func OpenCore(core, exe string) (c *Core, err error) {
	c = new(Core)
	defer func() {
		if err != nil {
			c.Close()
			c = nil
		}
	}()
	if err := c.openCore(core); err != nil {
		return nil, err
	}
	return c, c.openExe(core, exe)
}

// Close closes the files.
func (c *Core) Close() {
	for _, f := range c.files {
		f.Close()
	}
}

// openELF opens an ELF file, which c closes.
func (c *Core) openELF(name string) (*os.File, *elf.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, &Error{Reason: Unsupported, Text: fmt.Sprintf("cannot open %q", name), Err: err}
	}
	c.files = append(c.files, f)
	e, err := elf.NewFile(f)
	if err != nil {
		return nil, nil, &Error{Reason: Damaged, Text: fmt.Sprintf("cannot read %q", name), Err: err}
	}
	return f, e, nil
}

// maxNotes bounds how much of the notes is read. A thread takes less than 4 KiB.
const maxNotes = 256 << 20

func (c *Core) openCore(name string) error {
	f, e, err := c.openELF(name)
	if err != nil {
		return err
	}
	if e.Type != elf.ET_CORE || e.Class != elf.ELFCLASS64 || e.ByteOrder != binary.LittleEndian {
		return Damage("%q is not a core of a 64-bit system", name)
	}
	c.arch = e.Machine
	info, err := f.Stat()
	if err != nil {
		return Damage("%q: %v", name, err)
	}
	for _, p := range e.Progs {
		switch p.Type {
		case elf.PT_LOAD:
			c.starts = append(c.starts, p.Vaddr)
			// A core that was cut off lacks what lies beyond the end of the file.
			if size := min(p.Filesz, uint64(max(0, info.Size()-int64(p.Off)))); size > 0 &&
				p.Off < uint64(info.Size()) && p.Vaddr+size > p.Vaddr {
				c.loads = append(c.loads, load{p.Vaddr, p.Vaddr + size, int64(p.Off), f})
			}
		case elf.PT_NOTE:
			b := make([]byte, min(p.Filesz, maxNotes))
			n, _ := f.ReadAt(b, int64(p.Off))
			c.readNotes(b[:n])
		}
	}
	slices.SortFunc(c.loads, func(a, b load) int { return cmp.Compare(a.lo, b.lo) })
	for i := 1; i < len(c.loads); i++ { // cut overlaps
		c.loads[i-1].hi = max(c.loads[i-1].lo, min(c.loads[i-1].hi, c.loads[i].lo))
	}
	return nil
}

// openExe adds the parts of the executable's read-only segments that the core lacks.
func (c *Core) openExe(core, name string) error {
	f, e, err := c.openELF(name)
	if err != nil {
		return err
	}
	if e.Machine != c.arch {
		return Damage("core %q is of a program for %v, and %q is for %v", core, c.arch, name, e.Machine)
	}
	bias := uint64(0)
	if e.Type == elf.ET_DYN {
		if c.entry == 0 {
			return nil // nobody knows where it was
		}
		bias = c.entry - e.Entry
	}
	var more []load
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_W == 0 && p.Vaddr+bias+p.Filesz > p.Vaddr+bias {
			more = append(more, c.gaps(load{p.Vaddr + bias, p.Vaddr + bias + p.Filesz, int64(p.Off), f})...)
		}
	}
	c.loads = append(c.loads, more...)
	slices.SortFunc(c.loads, func(a, b load) int { return cmp.Compare(a.lo, b.lo) })
	return nil
}

// gaps returns the parts of l that the core does not have.
func (c *Core) gaps(l load) (parts []load) {
	at := l.lo
	part := func(hi uint64) {
		if hi > at {
			parts = append(parts, load{at, hi, l.off + int64(at-l.lo), l.f})
		}
	}
	for _, have := range c.loads {
		if have.hi <= at || have.lo >= l.hi {
			continue
		}
		part(have.lo)
		at = max(at, have.hi)
	}
	part(l.hi)
	return parts
}

// The types of a core's notes.
const (
	ntPrstatus = 1
	ntPrpsinfo = 3
	ntAuxv     = 6
	ntFile     = 0x46494c45

	// The offsets of the thread's ID and registers in NT_PRSTATUS.
	prstatusPID  = 32
	prstatusRegs = 112
	// The offset of the process's ID in NT_PRPSINFO.
	prpsinfoPID = 24
)

// readNotes reads threads and the entry address from the notes.
func (c *Core) readNotes(b []byte) {
	for len(b) >= 12 {
		nameLen, descLen, typ := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:])),
			binary.LittleEndian.Uint32(b[8:])
		b = b[12:]
		name := (nameLen + 3) &^ 3
		if nameLen > uint64(len(b)) || name+descLen > uint64(len(b)) {
			return
		}
		// The names in Delve's notes have no zero at the end.
		owner, desc := strings.TrimRight(string(b[:nameLen]), "\x00"), b[name:name+descLen]
		b = b[min(name+(descLen+3)&^3, uint64(len(b))):]
		switch {
		case typ == delveHeader:
			c.readDelveHeader(desc)
		case typ == delveThread:
			if th, ok := readDelveThread(desc); ok {
				c.threads = append(c.threads, th)
			}
		}
		if owner != "CORE" && owner != "" { // "" is Delve's
			continue
		}
		switch typ {
		case ntPrstatus:
			if th, ok := c.thread(desc); ok {
				c.threads = append(c.threads, th)
			}
		case ntPrpsinfo:
			if len(desc) >= prpsinfoPID+4 {
				c.pid = int(binary.LittleEndian.Uint32(desc[prpsinfoPID:]))
			}
		case ntAuxv:
			c.entry = auxvEntry(desc)
		case ntFile:
			c.starts = append(c.starts, fileStarts(desc)...)
		}
	}
}

// fileStarts returns the addresses at which, by an NT_FILE, files were mapped. The note has their number, the size of a
// page, and start, end and offset of each.
func fileStarts(desc []byte) (starts []uint64) {
	const header, entry = 16, 24
	if len(desc) < header {
		return nil
	}
	n := min(binary.LittleEndian.Uint64(desc), uint64(len(desc)-header)/entry)
	for b := desc[header:]; n > 0; n-- {
		starts = append(starts, binary.LittleEndian.Uint64(b))
		b = b[entry:]
	}
	return starts
}

// thread reads an NT_PRSTATUS.
func (c *Core) thread(desc []byte) (th reach.Thread, ok bool) {
	if len(desc) < prstatusRegs {
		return th, false
	}
	th.TID = int(binary.LittleEndian.Uint32(desc[prstatusPID:]))
	var r []uint64
	for b := desc[prstatusRegs:]; len(b) >= 8; b = b[8:] {
		r = append(r, binary.LittleEndian.Uint64(b))
	}
	switch {
	case c.arch == elf.EM_X86_64 && len(r) >= 27: // struct user_regs_struct
		th.PC, th.SP = r[16], r[19]
		th.Regs = append(slices.Clone(r[:16]), r[19])
	case c.arch == elf.EM_AARCH64 && len(r) >= 34: // struct user_pt_regs
		th.PC, th.SP, th.LR = r[32], r[31], r[30]
		th.Regs = slices.Clone(r[:31])
	default:
		return th, false
	}
	return th, true
}

// Pid returns the process of the core, or 0 if it is unknown. Its first thread usually has the same number.
func (c *Core) Pid() int {
	if c.pid == 0 && len(c.threads) > 0 {
		return c.threads[0].TID
	}
	return c.pid
}

// Starts returns the start addresses of the program's mappings.
func (c *Core) Starts() []uint64 { return c.starts }

// ReadAt implements [io.ReaderAt]. The offset is an address.
func (c *Core) ReadAt(b []byte, addr int64) (int, error) {
	if err := c.ReadMemory(b, uint64(addr)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Entry implements [reach.Source].
func (c *Core) Entry() uint64 { return c.entry }

// Threads implements [reach.Source].
func (c *Core) Threads() ([]reach.Thread, error) {
	if len(c.threads) == 0 {
		return nil, fmt.Errorf("the core has no threads")
	}
	return slices.Clone(c.threads), nil
}

// Mappings implements [reach.Source].
func (c *Core) Mappings() ([]reach.Mapping, error) {
	var list []reach.Mapping
	for _, l := range c.loads {
		if n := len(list); n > 0 && list[n-1].Hi == l.lo {
			list[n-1].Hi = l.hi
			continue
		}
		list = append(list, reach.Mapping{Lo: l.lo, Hi: l.hi})
	}
	return list, nil
}

// ReadMemory implements [reach.Source].
func (c *Core) ReadMemory(b []byte, addr uint64) error {
	for len(b) > 0 {
		i, ok := slices.BinarySearchFunc(c.loads, addr, func(l load, addr uint64) int {
			switch {
			case l.hi <= addr:
				return -1
			case l.lo > addr:
				return 1
			}
			return 0
		})
		if !ok {
			return errNoMemory(addr)
		}
		l := c.loads[i]
		n := min(uint64(len(b)), l.hi-addr)
		if _, err := l.f.ReadAt(b[:n], l.off+int64(addr-l.lo)); err != nil {
			return fmt.Errorf("cannot read memory at %#x: %w", addr, err)
		}
		b, addr = b[n:], addr+n
	}
	return nil
}

// ReadMany implements [reach.Source].
func (c *Core) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	for i := range bufs {
		if c.ReadMemory(bufs[i], addrs[i]) != nil {
			bad = append(bad, i)
		}
	}
	return bad
}

func errNoMemory(addr uint64) error { return fmt.Errorf("there is no memory at %#x", addr) }

const atEntry = 9 // AT_ENTRY

// auxvEntry returns the entry address in an auxiliary vector, or zero.
func auxvEntry(b []byte) uint64 {
	for ; len(b) >= 16; b = b[16:] {
		if binary.LittleEndian.Uint64(b) == atEntry {
			return binary.LittleEndian.Uint64(b[8:])
		}
	}
	return 0
}
