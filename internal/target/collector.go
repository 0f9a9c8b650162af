package target

import (
	"io"
	"slices"

	"github.com/go-delve/delve/pkg/proc"

	"github.com/awaittrace/awaittrace/runtime"
)

// headerVariables are expressions for the collector's pointer to the header of the record; Delve matches the end of the
// import path.
var headerVariables = inCollectors("hdr")

// CollectorFunctions are the names of a collector function that is in every program with probes, and never inlined.
func CollectorFunctions() []string { return inCollectors("reach") }

func inCollectors(name string) []string {
	return []string{runtime.Path + "." + name, runtime.Folder + "." + name}
}

// HeaderVariables are the expressions by which Delve finds the pointer to the header of the record: one of them, or
// none in a program without probes.
func HeaderVariables() []string { return slices.Clone(headerVariables) }

// RecordAddr returns the address of the program's record in its memory, or zero if it has none yet. probes reports
// whether the program was built with probes.
func (p *Program) RecordAddr() (addr uint64, probes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s == nil {
		return 0, false
	}
	var err error
	defer guard(&err)
	for _, name := range headerVariables {
		v, err := p.s.global(name)
		if err != nil {
			continue
		}
		if addr, err = p.s.word(v.Addr); err == nil {
			return addr, true
		}
	}
	return 0, false
}

// Number returns the value of a package variable that is a number of the size of a pointer.
func (p *Program) Number(name string) (n uint64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s == nil {
		return 0, false
	}
	var err error
	defer guard(&err)
	v, err := p.s.global(name)
	if err != nil {
		return 0, false
	}
	n, err = p.s.word(v.Addr)
	return n, err == nil
}

// Memory returns the program's memory: the offset of ReadAt is an address. It can be read until p is closed.
func (p *Program) Memory() io.ReaderAt { return readerAt{p.s.mem} }

// readerAt adapts Delve's memory to an io.ReaderAt.
type readerAt struct{ mem proc.MemoryReader }

func (r readerAt) ReadAt(b []byte, addr int64) (n int, err error) {
	defer guard(&err)
	if err := readFull(r.mem, b, uint64(addr)); err != nil {
		return 0, err
	}
	return len(b), nil
}
