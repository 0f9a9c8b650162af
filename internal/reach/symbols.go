package reach

import (
	"cmp"
	"debug/elf"
	"slices"
)

// boundaries are symbols of the linker that are no variables.
var boundaries = map[string]bool{
	"runtime.data": true, "runtime.edata": true, "runtime.bss": true, "runtime.ebss": true, "runtime.noptrdata": true, "runtime.enoptrdata": true,
	"runtime.noptrbss": true, "runtime.enoptrbss": true, "runtime.end": true, "runtime.covctrs": true, "runtime.ecovctrs": true,
}

// readSymbols takes the variables from the symbol table, if there is one.
func (p *Program) readSymbols(f *elf.File) {
	list, err := f.Symbols()
	if err != nil {
		return
	}
	for _, s := range list {
		if elf.ST_TYPE(s.Info) != elf.STT_OBJECT || s.Value == 0 || int(s.Section) >= len(f.Sections) || s.Section == 0 {
			continue
		}
		p.Addresses.Set(s.Name, s.Value)
		if f.Sections[s.Section].Flags&elf.SHF_WRITE != 0 && !boundaries[s.Name] {
			p.Variables = append(p.Variables, Variable{s.Name, s.Value, s.Size})
		}
	}
	slices.SortFunc(p.Variables, func(a, b Variable) int { return cmp.Compare(a.Addr, b.Addr) })
}

// variable returns the variable at an address, as linked.
func (p *Program) variable(addr uint64) (Variable, bool) {
	i, ok := slices.BinarySearchFunc(p.Variables, addr, func(v Variable, addr uint64) int { return cmp.Compare(v.Addr, addr) })
	if !ok {
		i--
	}
	if i < 0 || addr >= p.Variables[i].Addr+max(p.Variables[i].Size, 1) {
		return Variable{}, false
	}
	return p.Variables[i], true
}
