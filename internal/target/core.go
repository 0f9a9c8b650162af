package target

import (
	"context"
	"debug/elf"
	"fmt"

	"github.com/go-delve/delve/pkg/proc/core"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
)

// readCore reads a core.
func readCore(ctx context.Context, t Target, o Options) (*Result, error) {
	p, err := openCore(t)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Read(ctx, o)
}

// openCore opens a core.
func openCore(t Target) (p *Program, err error) {
	defer guard(&err)
	if t.Exe == "" {
		return nil, &procfs.Error{Reason: procfs.Unsupported,
			Text: fmt.Sprintf("core %q needs the executable that it is of", t.Core)}
	}
	if err := checkExe(t.Exe, 0); err != nil {
		return nil, err
	}
	if f, err := elf.Open(t.Core); err == nil {
		f.Close()
		if f.Type != elf.ET_CORE {
			return nil, procfs.Damage("%q is not a core", t.Core)
		}
	}
	if usable, err := CheckCore(t.Exe, t.Core); !usable {
		return nil, err
	}
	grp, err := core.OpenCore(t.Core, t.Exe, nil)
	if err != nil {
		return nil, &procfs.Error{Reason: procfs.Damaged, Text: fmt.Sprintf("cannot read core %q of %q", t.Core, t.Exe),
			Err: err}
	}
	tgt := grp.Selected
	s := &session{tgt: tgt, bi: tgt.BinInfo(), mem: tgt.Memory()}
	if err := s.prepare(); err != nil {
		tgt.BinInfo().Close()
		return nil, err
	}
	mem, memErr := procfs.OpenCore(t.Core, t.Exe)
	return &Program{
		pid: tgt.Pid(),
		s:   s,
		release: func() {
			s.bi.Close()
			if memErr == nil {
				mem.Close()
			}
		},
		memory: func() (reach.Source, error) {
			if memErr != nil {
				return nil, memErr // a nil Source, not one that holds a nil Core
			}
			return mem, nil
		},
		failed: func(err error) error {
			return &procfs.Error{Reason: procfs.Damaged,
				Text: fmt.Sprintf("cannot read the goroutines in core %q of %q", t.Core, t.Exe), Err: err}
		},
	}, nil
}
