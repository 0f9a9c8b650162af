//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import "testing"

// TestReused checks that a goroutine whose first probe is a send inherits nothing from the one that had its g, and its
// slot, before. Its send is noted, though that one has sent from the same place in the same millisecond.
func TestReused(t *testing.T) {
	s, ch := newSite(OpSend, KindChan, "ch <- 1"), make(chan int, 1)
	before := make(map[*Slot]Slot) // what the last goroutine had in a slot before it left it in disorder
	reused := 0
	for i := 0; i < 1000 && reused < 10; i++ {
		var slot *Slot
		var now Slot
		done := make(chan bool)
		go func() {
			defer close(done)
			Send(s, ch, 1)
			slot = own()
			now = copySlot(slot)
			slot.Depth, slot.Lost, slot.CaseSite, slot.CaseSend, slot.CaseNext, slot.Detached = 2, 1, 3, 1, 4, 1
		}()
		<-done
		<-ch
		was, ok := before[slot]
		before[slot] = now
		if !ok {
			continue
		}
		reused++
		if now.Goid == was.Goid || now.G != was.G || now.Seq != was.Seq+2 || now.Head != 1 ||
			now.Ring[0].site() != s.id || now.Born == 0 {
			t.Errorf("%+v comes after %+v", now, was)
		}
		if now.Depth != 0 || now.Held != 0 || now.Lost != 0 || now.CaseSite != 0 || now.CaseSend != 0 ||
			now.CaseNext != 0 || now.Detached != 0 {
			t.Errorf("it inherits: %+v", now)
		}
		if o := object(address(ch)); o == nil || o.Sent.Goid != uint32(now.Goid) {
			t.Errorf("goroutine %d has sent last; it is kept as %+v", now.Goid, o)
		}
	}
	if reused == 0 {
		t.Error("no slot was reused")
	}
}
