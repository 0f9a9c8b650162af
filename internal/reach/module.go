package reach

import "errors"

// maxModules bounds the list of modules: plugins, and what -buildmode=shared links.
const maxModules = 256

// A module is a part of the program that was linked by itself, with its tables.
type module struct {
	text, etext, data, edata, bss, ebss uint64
	gofunc, minPC, maxPC                uint64
	pctab, pclntable, ftab, nftab       uint64
	funcnametab, cutab, ncutab, filetab uint64
	types, etypes                       uint64
	lo, hi                              uint64 // of all variables, also those without pointers
	dataMask, bssMask                   []byte // a bit for each word that is a pointer; nil: unknown
	funcs                               []byte // ftab
}

// readModules reads the modules of the program and their tables, which do not change once they are there.
func readModules(r *reader, o *offsets, at uint64) ([]module, error) {
	var list []module
	for at != 0 {
		b := r.view(at, o.module.size)
		m, err := readModule(r, o, b)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
		at = o.module.next.get(b)
		if len(list) > maxModules {
			return nil, errors.New("the list of modules has no end")
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the program's tables were not found")
	}
	return list, nil
}

func readModule(r *reader, o *offsets, b []byte) (m module, err error) {
	f := &o.module
	m = module{
		text: f.text.get(b), etext: f.etext.get(b), data: f.data.get(b), edata: f.edata.get(b), bss: f.bss.get(b),
		ebss:   f.ebss.get(b),
		gofunc: f.gof.get(b), minPC: f.minpc.get(b), maxPC: f.maxpc.get(b), types: f.types.get(b),
		etypes: f.etypes.get(b),
	}
	m.lo, m.hi = m.data, m.ebss
	if f.noptrdata.has() && f.enoptrbss.has() {
		m.lo, m.hi = min(m.data, f.noptrdata.get(b)), max(m.ebss, f.enoptrbss.get(b))
	}
	m.pctab, _ = f.pctab.slice(b)
	m.pclntable, _ = f.pclntable.slice(b)
	m.ftab, m.nftab = f.ftab.slice(b)
	m.funcnametab, _ = f.funcnametab.slice(b)
	m.cutab, m.ncutab = f.cutab.slice(b)
	m.filetab, _ = f.filetab.slice(b)
	if m.minPC >= m.maxPC || m.edata < m.data || m.ebss < m.bss || m.ebss-m.bss > 1<<36 || m.edata-m.data > 1<<36 {
		return m, errors.New("the program's tables do not make sense: is it the executable of this process?")
	}
	if m.funcs, err = r.large(m.ftab, m.nftab*8, 1<<30); err != nil {
		return m, err
	}
	if m.dataMask, err = r.large(f.dataMask.get(b), (f.nDataMask.get(b)+7)/8, 1<<30); err != nil {
		m.dataMask = nil
	}
	if m.bssMask, err = r.large(f.bssMask.get(b), (f.nBssMask.get(b)+7)/8, 1<<30); err != nil {
		m.bssMask = nil
	}
	return m, nil
}
