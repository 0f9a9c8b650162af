package reach

import (
	"cmp"
	"debug/elf"
	"slices"
)

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
		if f.Sections[s.Section].Flags&elf.SHF_WRITE != 0 {
			p.Variables = append(p.Variables, Variable{s.Name, s.Value, s.Size})
		}
	}
	slices.SortFunc(p.Variables, func(a, b Variable) int { return cmp.Compare(a.Addr, b.Addr) })
}
