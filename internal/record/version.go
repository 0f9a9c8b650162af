package record

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"

	"github.com/awaittrace/awaittrace/runtime"
)

// This file is all that readers know of records of other versions than runtime.Version. docs/compatibility.md is the
// rule, and CONTRIBUTING.md says what a change of the layout takes.

// SlotTypes has the type of a slot by the version of the record, for the versions that can be read. Fields are the same
// if they have the same name. A field that a version does not have is zero.
func SlotTypes() map[uint32]reflect.Type {
	return map[uint32]reflect.Type{
		runtime.Version: reflect.TypeFor[runtime.Slot](),
		5:               reflect.TypeFor[slot5](),
	}
}

// A slot5 is a runtime.Slot of version 5. A Noted is a copy of what the object table has, too, and has none of the
// flags that a reader looks for.
type slot5 struct {
	Goid, G                  uint64
	Seq, Head, Depth, Held   uint32
	Waits                    [runtime.WaitLen]runtime.Wait
	Locks                    [runtime.HeldLen]runtime.Hold
	Ring                     [runtime.RingLen]runtime.Entry
	Cases                    [runtime.CaseLen]uint64
	CaseSite, CaseSend       uint32
	Lost, Born, Ready, Begun uint32
	Noted                    [2]runtime.Noted
	Test, Detached           uint32
}

// A move says where in a slot of another version some bytes are that belong elsewhere today.
type move struct{ from, to, n uintptr }

// moves has the moves by the version of the record. Those of today's stay where they are.
var moves = func() map[uint32][]move {
	all := make(map[uint32][]move)
	for version, t := range SlotTypes() {
		all[version] = movesOf(t)
	}
	return all
}()

// movesOf returns the moves that make a slot of type t one of today.
func movesOf(t reflect.Type) (list []move) {
	today := reflect.TypeFor[runtime.Slot]()
	if t == today {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if now, ok := today.FieldByName(f.Name); ok {
			list = append(list, move{f.Offset, now.Offset, min(f.Type.Size(), now.Type.Size())})
		}
	}
	return list
}

// checkVersion returns an error unless records of version v can be read.
func checkVersion(v uint32) error {
	if _, ok := moves[v]; ok {
		return nil
	}
	known := slices.Sorted(maps.Keys(moves))
	return fmt.Errorf("record of version %d, this awaittrace reads versions %d to %d: "+
		"use the awaittrace that built the program, or build it anew", v, known[0], known[len(known)-1])
}

// readSlotsAt reads the slots at off of mem into b, as slots of today. h is the header of their record.
func readSlotsAt(h *runtime.Header, mem io.ReaderAt, off int64, b []byte) error {
	if _, err := mem.ReadAt(b, off); err != nil {
		return err
	}
	parts := moves[h.Version]
	if parts == nil {
		return nil
	}
	for ; len(b) >= runtime.SlotSize; b = b[runtime.SlotSize:] {
		renew(b[:runtime.SlotSize], parts)
	}
	return nil
}

// renew makes a slot of another version, in place, one of today.
func renew(slot []byte, parts []move) {
	var old [runtime.SlotSize]byte
	copy(old[:], slot)
	clear(slot)
	for _, m := range parts {
		copy(slot[m.to:], old[m.from:m.from+m.n])
	}
}
