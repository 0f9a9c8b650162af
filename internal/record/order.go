package record

import (
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// readOrders reads the orders in which locks were taken. It leaves out entries that change meanwhile.
func (r *reader) readOrders() error {
	if r.h.OrderCap == 0 {
		return nil
	}
	off, n := uint64(r.h.OrderOff)*pageSize, uint64(r.h.OrderCap)*runtime.OrderSize
	before, err := r.table(off, n)
	if err != nil {
		return err
	}
	after, err := r.table(off, n)
	if err != nil {
		return err
	}
	var text []byte
	for i := 0; i < len(before); i += runtime.OrderSize {
		o := load[runtime.Order](before[i:])
		again := load[runtime.Order](after[i:])
		if o.First == 0 || o.Seq%2 != 0 || o.Seq != again.Seq || o.First != again.First || o.Second != again.Second {
			continue
		}
		if text == nil {
			if text, err = r.table(uint64(r.h.StrOff)*pageSize, uint64(r.h.StrLen)); err != nil {
				return err
			}
		}
		r.order(&o, text)
	}
	return nil
}

// order adds an entry to the snapshot.
func (r *reader) order(o *runtime.Order, text []byte) {
	s := snapshot.Order{
		Held: r.ordered(o.First, o.FirstSite), Taken: r.ordered(o.Second, o.SecondSite),
		Begun: o.Begun, Last: o.Last, Cycle: o.Cycle, Cycles: o.Cycles,
	}
	end := uint64(o.Stack) + uint64(o.StackLen)
	if s.Held.Probe == nil || s.Taken.Probe == nil || end > uint64(len(text)) {
		r.drop(DroppedDamaged, 1)
		return
	}
	for _, goid := range o.Goids {
		if goid == 0 {
			break
		}
		id, ok := r.idOf(goid)
		if !ok {
			id = int64(goid)
		}
		s.Goroutines = append(s.Goroutines, id)
	}
	for _, g := range o.Gates {
		if g != 0 {
			s.Gates = append(s.Gates, snapshot.Gate{Obj: g &^ runtime.GateRead, Read: g&runtime.GateRead != 0})
		}
	}
	s.Stack = callers(text[o.Stack:end])
	r.snap.Orders = append(r.snap.Orders, s)
}

// callers returns the frames of a text in the collector's form for callers, without a line that is cut off.
func callers(text []byte) (list []snapshot.Frame) {
	for line := range strings.Lines(string(text)) {
		fn, place, _ := strings.Cut(line, "\x00")
		place, whole := strings.CutSuffix(place, "\n")
		if colon := strings.LastIndexByte(place, ':'); colon >= 0 && whole {
			n, _ := strconv.Atoi(place[colon+1:])
			list = append(list, snapshot.Frame{
				Func: printable([]byte(fn), false), File: printable([]byte(place[:colon]), false), Line: n,
			})
		}
	}
	return list
}

// ordered returns a lock that was taken at a site, which may have the flag HoldRead.
func (r *reader) ordered(obj uint64, site uint32) snapshot.OrderedLock {
	return snapshot.OrderedLock{Obj: obj, Probe: r.site(site &^ runtime.HoldRead), Read: site&runtime.HoldRead != 0}
}
