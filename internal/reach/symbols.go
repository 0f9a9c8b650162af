package reach

import (
	"bytes"
	"cmp"
	"debug/elf"
	"slices"
	"strings"
)

// boundaries are symbols of the linker that are no variables.
var boundaries = map[string]bool{
	"runtime.data": true, "runtime.edata": true, "runtime.bss": true, "runtime.ebss": true, "runtime.noptrdata": true,
	"runtime.enoptrdata": true,
	"runtime.noptrbss":   true, "runtime.enoptrbss": true, "runtime.end": true, "runtime.covctrs": true,
	"runtime.ecovctrs": true,
}

// readSymbols takes the variables from the symbol table, if there is one.
func (p *Program) readSymbols(f *elf.File) {
	list, err := f.Symbols()
	if err != nil {
		return
	}
	for _, s := range list {
		if elf.ST_TYPE(s.Info) != elf.STT_OBJECT || s.Value == 0 || int(s.Section) >= len(f.Sections) ||
			s.Section == 0 {
			continue
		}
		p.Addresses.Set(s.Name, s.Value)
		if f.Sections[s.Section].Flags&elf.SHF_WRITE != 0 && !boundaries[s.Name] && !madeUp(s.Name) {
			p.Variables = append(p.Variables, Variable{s.Name, s.Value, s.Size})
		}
	}
	slices.SortFunc(p.Variables, func(a, b Variable) int { return cmp.Compare(a.Addr, b.Addr) })
}

// variable returns the variable at an address, as linked.
func (p *Program) variable(addr uint64) (Variable, bool) {
	i, ok := slices.BinarySearchFunc(p.Variables, addr,
		func(v Variable, addr uint64) int { return cmp.Compare(v.Addr, addr) })
	if !ok {
		i--
	}
	if i < 0 || addr >= p.Variables[i].Addr+max(p.Variables[i].Size, 1) {
		return Variable{}, false
	}
	return p.Variables[i], true
}

// readSegments takes what a program without symbols is searched for.
func (p *Program) readSegments(f *elf.File) {
	for _, s := range f.Progs {
		if s.Type == elf.PT_LOAD && s.Flags&elf.PF_W != 0 && s.Vaddr+s.Memsz > s.Vaddr {
			p.writable = append(p.writable, [2]uint64{s.Vaddr, s.Vaddr + s.Memsz})
		}
	}
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		if s := f.Section(name); s != nil {
			p.pclntab = s.Addr
			return
		}
	}
	p.pclntab = searchFunctions(f)
}

// pclntabMagic begins the table of functions, since Go 1.20. Two bytes that are zero, the unit of code and the size of
// a pointer follow.
const pclntabMagic = "\xf1\xff\xff\xff\x00\x00"

// searchFunctions finds the table of functions where the linker of C has put it among other data.
func searchFunctions(f *elf.File) uint64 {
	for _, s := range f.Sections {
		if s.Type != elf.SHT_PROGBITS || s.Flags&elf.SHF_ALLOC == 0 || s.Flags&elf.SHF_EXECINSTR != 0 ||
			!strings.Contains(s.Name, "ro") {
			continue
		}
		data, err := s.Data()
		if err != nil {
			continue
		}
		for at := 0; ; {
			i := bytes.Index(data[at:], []byte(pclntabMagic))
			if i < 0 || at+i+8 > len(data) {
				break
			}
			at += i
			if unit := data[at+6]; (unit == 1 || unit == 4) && data[at+7] == 8 && (s.Addr+uint64(at))%8 == 0 {
				return s.Addr + uint64(at)
			}
			at++
		}
	}
	return 0
}
