//go:build linux || darwin

#include "go_asm.h"
#include "textflag.h"

// The slot of the goroutine into BX, or a jump to none. DX and SI are left alone.
#define FIND(none) \
	MOVQ ·fast+fastState_tab(SB), DI \
	TESTQ DI, DI \
	JZ none \
	MOVQ g, AX \
	MOVQ ·fast+fastState_goid(SB), CX \
	MOVQ (AX)(CX*1), R8 \
	SHRQ $const_gShift, AX \
search: \
	ANDQ ·fast+fastState_mask(SB), AX \
	MOVL (DI)(AX*4), BX \
	TESTL BX, BX \
	JZ none \
	SHLQ $9, BX \
	ADDQ ·fast+fastState_slots(SB), BX \
	SUBQ $const_SlotSize, BX \
	CMPQ Slot_Goid(BX), R8 \
	JEQ found \
	INCQ AX \
	JMP search \
found:

// Records that the goroutine reached the site in SI, or jumps to none. Its slot into BX and the entry into R9.
#define ENTER(none) \
	MOVL Site_id(SI), DX \
	TESTL DX, DX \
	JZ none \
	FIND(none) \
	MOVQ ·fast+fastState_clock(SB), R9 \
	MOVL (R9), R9 \
	MOVL Slot_Head(BX), CX \
	TESTL $(const_tickEvery-1), CX \
	JZ none \
	SHLQ $32, R9 \
	ORQ DX, R9 \
	MOVL CX, AX \
	ANDL $(const_RingLen-1), AX \
	MOVQ R9, Slot_Ring(BX)(AX*8) \
	INCL CX \
	MOVL CX, Slot_Head(BX)

// Jumps to other unless the slot in BX has noted the fact that AX says which of, of the object in CX, with the entry in R9. AX is lost:
// it becomes the offset of the Noted, which has 16 bytes.
#define NOTED(other) \
	ANDL $1, AX \
	SHLL $4, AX \
	CMPQ Slot_Noted+Noted_Obj(BX)(AX*1), CX \
	JNE other \
	CMPQ Slot_Noted+Noted_Entry(BX)(AX*1), R9 \
	JNE other

// func enter(s *Site) (sl *Slot, e Entry)
TEXT ·enter(SB), NOSPLIT, $0-24
	MOVQ s+0(FP), SI
	ENTER(none)
	MOVQ BX, sl+8(FP)
	MOVQ R9, e+16(FP)
	RET
none:
	MOVQ $0, sl+8(FP)
	MOVQ $0, e+16(FP)
	RET

// func note(s *Site, obj unsafe.Pointer, kind Kind, which uintptr)
TEXT ·note(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), SI
	ENTER(none)
	MOVQ which+24(FP), AX
	MOVQ obj+8(FP), CX
	NOTED(other)
	RET
other:
	MOVQ BX, s+0(FP) // noteFact is given the slot
	JMP ·noteFact(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·noteFirst(SB)
done:
	RET

// The last reading of the clock into R10, or a jump to old if time may have passed since. AX and DX are lost. What says whether it has is read first: a
// reading that replaces it meanwhile is newer.
#define RECENT(old) \
	MOVQ ·tickWord(SB), R10 \
	MOVL (R10), R10 \
	CMPL R10, ·lastTick(SB) \
	JEQ same \
	RDTSC \
	SHLQ $32, DX \
	ORQ DX, AX \
	SUBQ ·lastCycles(SB), AX \
	CMPQ AX, ·cycleSpan(SB) \
	JCC old \
same: \
	MOVQ ·lastNano(SB), R10

// func waiting(s *Site, ch unsafe.Pointer, capacity uint32) (sl *Slot)
TEXT ·waiting(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), SI
	RECENT(none)
	ENTER(none)
	CMPL Slot_Depth(BX), $0
	JNE inside
	MOVQ ch+8(FP), CX
	MOVQ CX, Slot_Waits+Wait_Obj(BX)
	MOVQ R10, Slot_Waits+Wait_Since(BX)
	MOVL DX, Slot_Waits+Wait_Site(BX)
	MOVL capacity+16(FP), CX
	ANDL $(const_InfoFrame-1), CX
	MOVL CX, Slot_Waits+Wait_Info(BX)
	MOVL $1, Slot_Depth(BX)
	MOVQ BX, sl+24(FP)
	RET
inside:
	JMP ·waitingInside(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·waitingSlow(SB)
done:
	MOVQ $0, sl+24(FP)
	RET

// A wait that ends while the reading of the clock is the one with which it began has no length to be noted, and the entry that it made has the present time.

// func passed(sl *Slot, s *Site, ch unsafe.Pointer, which uintptr)
TEXT ·passed(SB), NOSPLIT, $0-32
	RECENT(slow)
	MOVQ sl+0(FP), BX
	MOVQ s+8(FP), SI
	CMPL Slot_Depth(BX), $1
	JNE slow
	CMPQ Slot_Waits+Wait_Since(BX), R10
	JNE slow
	MOVL Site_id(SI), DX
	MOVL Slot_Head(BX), CX
	DECL CX
	ANDL $(const_RingLen-1), CX
	MOVQ Slot_Ring(BX)(CX*8), R9
	CMPL R9, DX
	JNE slow
	MOVL $0, Slot_Depth(BX)
	MOVQ which+24(FP), AX
	MOVQ ch+16(FP), CX
	NOTED(other)
	RET
other:
	JMP ·passedFact(SB)
slow:
	JMP ·passedSlow(SB)

// func current() (sl *Slot)
TEXT ·current(SB), NOSPLIT, $0-8
	FIND(none)
	MOVQ BX, sl+0(FP)
	RET
none:
	MOVQ $0, sl+0(FP)
	RET

// func getg() (p uintptr)
TEXT ·getg(SB), NOSPLIT, $0-8
	MOVQ TLS, CX
	MOVQ 0(CX)(TLS*1), AX
	MOVQ AX, p+0(FP)
	RET

// func gword(off uintptr) (w uint64)
TEXT ·gword(SB), NOSPLIT, $0-16
	MOVQ TLS, CX
	MOVQ 0(CX)(TLS*1), AX
	MOVQ off+0(FP), CX
	MOVQ (AX)(CX*1), AX
	MOVQ AX, w+8(FP)
	RET

// func cycles() (c uint64)
TEXT ·cycles(SB), NOSPLIT, $0-8
	RDTSC
	SHLQ $32, DX
	ORQ DX, AX
	MOVQ AX, c+0(FP)
	RET

// func recent() (t int64)
TEXT ·recent(SB), NOSPLIT, $0-8
	RECENT(old)
	MOVQ R10, t+0(FP)
	RET
old:
	MOVQ $0, t+0(FP)
	RET

// func cyclesPerSpan() (n uint64)
// The counter runs at 1 to 5 GHz.
TEXT ·cyclesPerSpan(SB), NOSPLIT, $0-8
	MOVQ $100000, n+0(FP)
	RET

// AX is the address of a frame: the next one out, unless AX is no address on the stack, whose end is in R8 and which has R9 bytes.
#define OUT \
	LEAQ -8(R8), CX \
	SUBQ AX, CX \
	CMPQ CX, R9 \
	JCC lost \
	MOVQ (AX), AX

// func frame() (f uint32)
// The frames are those of the caller, of the probe, and of the user's function.
TEXT ·frame(SB), NOSPLIT, $0-4
	MOVQ TLS, CX
	MOVQ 0(CX)(TLS*1), AX
	MOVQ 8(AX), R8
	MOVQ R8, R9
	SUBQ SP, R9
	MOVQ BP, AX
	OUT
	OUT
	OUT
	SUBQ AX, R8
	CMPQ R8, R9
	JCC lost
	ANDL ·fast+fastState_frames(SB), R8
	ORL $const_InfoFrame, R8
	MOVL R8, f+0(FP)
	RET
lost:
	MOVL $const_InfoFrame, f+0(FP)
	RET

// What frame returns, into R11, but of the caller, which is the user's function with the probe inlined. There is a wrapper in between. AX, CX, R8 and R9 are lost.
#define FRAME \
	MOVQ g, AX \
	MOVQ 8(AX), R8 \
	MOVQ R8, R9 \
	SUBQ SP, R9 \
	MOVQ BP, AX \
	OUT \
	MOVQ R8, R11 \
	SUBQ AX, R11 \
	CMPQ R11, R9 \
	JCS kept \
lost: \
	XORL R11, R11 \
kept: \
	ANDL ·fast+fastState_frames(SB), R11 \
	ORL $const_InfoFrame, R11

// func ioBegin(s *Site, x unsafe.Pointer, size uintptr, f uint32)
TEXT ·ioBegin(SB), NOSPLIT, $0-28
	FRAME
	MOVL R11, f+24(FP)
	RECENT(none)
	MOVQ s+0(FP), SI
	ENTER(none)
	CMPL Slot_Depth(BX), $0
	JNE nested
	MOVQ x+8(FP), CX
	MOVQ size+16(FP), AX
	XORL R8, R8
	CMPQ AX, $8
	JEQ pointer
	CMPQ AX, $16
	JNE object
	ADDQ $8, CX
pointer:
	MOVQ (CX), R8
object:
	MOVQ R8, Slot_Waits+Wait_Obj(BX)
	MOVQ R10, Slot_Waits+Wait_Since(BX)
	MOVL DX, Slot_Waits+Wait_Site(BX)
	MOVL R11, Slot_Waits+Wait_Info(BX)
	MOVL $1, Slot_Depth(BX)
	RET
nested:
	JMP ·ioBeginInside(SB)
none:
	JMP ·ioBeginSlow(SB)

// func ioEnd(f uint32)
TEXT ·ioEnd(SB), NOSPLIT, $0-4
	FRAME
	MOVL R11, f+0(FP)
	RECENT(none)
	FIND(none)
	CMPL Slot_Depth(BX), $1
	JNE none
	CMPL Slot_Waits+Wait_Info(BX), R11
	JNE none
	CMPQ Slot_Waits+Wait_Since(BX), R10
	JNE none
	MOVL $0, Slot_Depth(BX)
	RET
none:
	JMP ·ioEndSlow(SB)

// Notes that the goroutine whose slot is in BX holds the object in CX, with the entry in R9, or jumps to full. AX and R8 are lost.
#define HOLD(full) \
	MOVL Slot_Held(BX), AX \
	CMPL AX, ·holdRoom(SB) \
	JCC full \
	MOVL AX, R8 \
	SHLL $4, R8 \
	MOVQ CX, Slot_Locks+Hold_Obj(BX)(R8*1) \
	MOVQ R9, Slot_Locks+Hold_Site(BX)(R8*1) \
	INCL AX \
	MOVL AX, Slot_Held(BX)

// Notes that the goroutine whose slot is in BX does not hold the object in CX any more, or jumps to other if that is not the one that it took last. AX and R8
// are lost.
#define RELEASE(other) \
	MOVL Slot_Held(BX), AX \
	DECL AX \
	CMPL AX, $const_HeldLen \
	JCC other \
	MOVL AX, R8 \
	SHLL $4, R8 \
	CMPQ Slot_Locks+Hold_Obj(BX)(R8*1), CX \
	JNE other \
	MOVL AX, Slot_Held(BX)

// func lock(s *Site, m *sync.Mutex)
TEXT ·lock(SB), NOSPLIT, $0-16
	CMPB ·locksTell(SB), $0
	JEQ slow
	MOVQ m+8(FP), CX
	XORL AX, AX
	MOVL $1, DX
	LOCK
	CMPXCHGL DX, (CX)
	JNE slow
	MOVQ s+0(FP), SI
	ENTER(none)
	MOVQ m+8(FP), CX
	HOLD(full)
	RET
slow:
	JMP ·lockSlow(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·lockFirst(SB)
full:
	JMP ·lockFull(SB)
done:
	RET

// func unlock(s *Site, m *sync.Mutex)
TEXT ·unlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), SI
	ENTER(none)
	MOVQ m+8(FP), CX
	RELEASE(other)
unlock:
	CMPB ·locksTell(SB), $0
	JEQ plain
	MOVL $1, AX
	XORL DX, DX
	LOCK
	CMPXCHGL DX, (CX)
	JNE plain
	RET
plain:
	JMP ·unlockPlain(SB)
none:
	MOVQ m+8(FP), CX
	CMPB ·off(SB), $0
	JNE unlock
	JMP ·unlockFirst(SB)
other:
	JMP ·unlockOther(SB)

// func rlock(s *Site, m *sync.RWMutex)
TEXT ·rlock(SB), NOSPLIT, $0-16
	CMPB ·locksTell(SB), $0
	JEQ slow
	MOVQ m+8(FP), CX
	MOVL const_readerCount(CX), AX
	TESTL AX, AX
	JLT slow
	LEAL 1(AX), DX
	LOCK
	CMPXCHGL DX, const_readerCount(CX)
	JNE slow
	MOVQ s+0(FP), SI
	ENTER(none)
	BTSQ $31, R9 // HoldRead
	MOVQ m+8(FP), CX
	HOLD(full)
	RET
slow:
	JMP ·rlockSlow(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·rlockFirst(SB)
full:
	JMP ·rlockFull(SB)
done:
	RET

// func runlock(s *Site, m *sync.RWMutex)
TEXT ·runlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), SI
	ENTER(none)
	MOVQ m+8(FP), CX
	RELEASE(other)
unlock:
	CMPB ·locksTell(SB), $0
	JEQ plain
	MOVL const_readerCount(CX), AX
	CMPL AX, $0
	JLE plain
	LEAL -1(AX), DX
	LOCK
	CMPXCHGL DX, const_readerCount(CX)
	JNE plain
	RET
plain:
	JMP ·runlockPlain(SB)
none:
	MOVQ m+8(FP), CX
	CMPB ·off(SB), $0
	JNE unlock
	JMP ·runlockFirst(SB)
other:
	JMP ·runlockOther(SB)
