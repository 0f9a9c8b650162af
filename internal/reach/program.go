package reach

import (
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// Addresses are where variables of the runtime are, as linked. Zero means unknown.
type Addresses struct {
	Mheap             uint64 // runtime.mheap_
	Allgs             uint64 // runtime.allgs
	Allm              uint64 // runtime.allm
	Allp              uint64 // runtime.allp
	Semtable          uint64 // runtime.semtable
	Firstmoduledata   uint64 // runtime.firstmoduledata
	Allfin            uint64 // runtime.allfin
	GcCleanups        uint64 // runtime.gcCleanups; since Go 1.24
	WaitReasonStrings uint64 // runtime.waitReasonStrings
}

// byName returns the addresses by the name of their variable.
func (a *Addresses) byName() map[string]*uint64 {
	return map[string]*uint64{
		"runtime.mheap_": &a.Mheap, "runtime.allgs": &a.Allgs, "runtime.allm": &a.Allm, "runtime.allp": &a.Allp,
		"runtime.semtable": &a.Semtable, "runtime.firstmoduledata": &a.Firstmoduledata, "runtime.allfin": &a.Allfin,
		"runtime.gcCleanups": &a.GcCleanups, "runtime.waitReasonStrings": &a.WaitReasonStrings,
	}
}

// Set sets the address of the runtime variable of that name, such as "runtime.allgs". It reports whether it is one of
// those wanted.
func (a *Addresses) Set(name string, addr uint64) bool {
	p, ok := a.byName()[name]
	if ok {
		*p = addr
	}
	return ok
}

// Missing returns the names of the variables whose address is not known, sorted. The finalizers' and the cleanups' may
// be absent in a version of Go.
func (a *Addresses) Missing() []string {
	var names []string
	for _, name := range []string{
		"runtime.allfin", "runtime.allgs", "runtime.allm", "runtime.allp", "runtime.firstmoduledata",
		"runtime.gcCleanups", "runtime.mheap_",
		"runtime.semtable", "runtime.waitReasonStrings",
	} {
		if *a.byName()[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// A Program is what is known of an executable. It never changes while the program runs.
type Program struct {
	Arch string // as in GOARCH: "amd64" or "arm64"
	Go   string // such as "go1.26.8"; empty: unknown
	// Layout is that of the runtime. LayoutFrom says where it comes from: "DWARF" or "table go1.26".
	Layout     *Layout
	LayoutFrom string
	Addresses  Addresses
	// Entry is the entry address as linked, and PIE says whether the program may have been loaded elsewhere.
	Entry uint64
	PIE   bool
	// DWARF is the debug information, for names and types, or nil. Proofs do not need it.
	DWARF *dwarf.Data
	// Variables are the program's variables, as linked and sorted by address: what symbols there are.
	Variables []Variable

	pclntab  uint64      // where the table of functions is, as linked; zero: unknown
	writable [][2]uint64 // the program's variables, as linked

	locations locSections
	types     *typeTable // made when it is first needed
}

// A Variable is a global variable of the program.
type Variable struct {
	Name       string
	Addr, Size uint64
}

// OpenProgram reads an ELF executable: its version, the layout of its runtime, and the addresses of variables. It does
// not fail without a symbol table: its Addresses are Missing then, and Prepare looks for them.
func OpenProgram(path string) (*Program, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &Program{Entry: f.Entry, PIE: f.Type == elf.ET_DYN}
	switch f.Machine {
	case elf.EM_X86_64:
		p.Arch = "amd64"
	case elf.EM_AARCH64:
		p.Arch = "arm64"
	default:
		return nil, fmt.Errorf("cannot read programs for %v: only amd64 and arm64", f.Machine)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		info = &debug.BuildInfo{}
	}
	p.Go = strings.Split(info.GoVersion+" ", " ")[0]
	p.readSymbols(f)
	p.readSegments(f)
	return p, p.findLayout(f)
}

// findLayout takes the layout from the debug information, else from the table of the program's version of Go.
func (p *Program) findLayout(f *elf.File) error {
	if f.Section(".debug_info") != nil || f.Section(".zdebug_info") != nil {
		if d, err := f.DWARF(); err == nil {
			p.DWARF = d
			p.readLocations(f)
			if l, err := LayoutFromDWARF(d, p.Go, p.Arch); err == nil {
				p.Layout, p.LayoutFrom = l, "DWARF"
				return nil
			}
		}
	}
	if p.Go == "" {
		return errors.New("cannot tell which version of Go the program was built with")
	}
	l, err := LayoutFor(p.Go, p.Arch)
	if err != nil {
		return err
	}
	p.Layout, p.LayoutFrom = l, "table "+l.Go
	return nil
}

// readLocations reads where variables are: package dwarf does not.
func (p *Program) readLocations(f *elf.File) {
	for name, b := range map[string]*[]byte{
		".debug_loclists": &p.locations.loclists, ".debug_loc": &p.locations.loc, ".debug_addr": &p.locations.addr,
	} {
		if s := f.Section(name); s != nil {
			*b, _ = s.Data() // without it, there are fewer names
		}
	}
}
