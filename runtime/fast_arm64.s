//go:build linux || darwin

#include "go_asm.h"
#include "textflag.h"

// FIND puts the slot of the goroutine into R11, or jumps to none. It preserves R0 and R1. The load of mask, which
// is first in fastState, is a load-acquire: it makes the rest visible.
#define FIND(none) \
	MOVD $·fast(SB), R2 \
	LDAR (R2), R4 \
	CBZ R4, none \
	MOVD fastState_goid(R2), R8 \
	MOVD (g)(R8), R8 \
	MOVD fastState_tab(R2), R3 \
	MOVD fastState_slots(R2), R5 \
	LSR $const_gShift, g, R9 \
search: \
	AND R4, R9, R9 \
	MOVWU (R3)(R9<<2), R10 \
	CBZW R10, none \
	ADD R10, R5, R11 \
	MOVD Slot_Goid(R11), R12 \
	CMP R12, R8 \
	BEQ found \
	ADD $1, R9, R9 \
	B search \
found:

// func enter(s *Site) (sl *Slot, e Entry)
TEXT ·enter(SB), NOSPLIT, $0-24
	MOVD s+0(FP), R0
	MOVWU Site_id(R0), R1
	CBZW R1, none
	FIND(none)
	MOVD fastState_clock(R2), R6
	MOVWU (R6), R6
	ORR R6<<32, R1, R6
	MOVWU Slot_Head(R11), R7
	TSTW $(const_tickEvery-1), R7
	BEQ none
	AND $(const_RingLen-1), R7, R12
	ADD R12<<3, R11, R12
	MOVD R6, Slot_Ring(R12)
	ADDW $1, R7, R7
	MOVW R7, Slot_Head(R11)
	MOVD R11, sl+8(FP)
	MOVD R6, e+16(FP)
	RET
none:
	MOVD ZR, sl+8(FP)
	MOVD ZR, e+16(FP)
	RET

// func current() (sl *Slot)
TEXT ·current(SB), NOSPLIT, $0-8
	FIND(none)
	MOVD R11, sl+0(FP)
	RET
none:
	MOVD ZR, sl+0(FP)
	RET

// func getg() (p uintptr)
TEXT ·getg(SB), NOSPLIT, $0-8
	MOVD g, R0
	MOVD R0, p+0(FP)
	RET

// func gword(off uintptr) (w uint64)
TEXT ·gword(SB), NOSPLIT, $0-16
	MOVD off+0(FP), R0
	MOVD (g)(R0), R1
	MOVD R1, w+8(FP)
	RET

// func word32(p uintptr) (w uint32)
TEXT ·word32(SB), NOSPLIT, $0-12
	MOVD p+0(FP), R0
	MOVWU (R0), R1
	MOVW R1, w+8(FP)
	RET

// func cycles() (c uint64)
TEXT ·cycles(SB), NOSPLIT, $0-8
	MRS CNTVCT_EL0, R0
	MOVD R0, c+0(FP)
	RET

// func recent() (t int64)
// It loads the words that decide with load-acquire before lastNano: a reading that replaces it meanwhile is newer.
TEXT ·recent(SB), NOSPLIT, $0-8
	MOVD ·tickWord(SB), R1
	MOVWU (R1), R0
	MOVD $·lastTick(SB), R1
	LDARW (R1), R2
	CMPW R2, R0
	BEQ same
	MOVD $·lastCycles(SB), R1
	LDAR (R1), R2
	MRS CNTVCT_EL0, R0
	MOVD ·cycleSpan(SB), R3
	SUB R2, R0, R0
	CMP R3, R0
	BHS old
same:
	MOVD ·lastNano(SB), R2
	MOVD R2, t+0(FP)
	RET
old:
	MOVD ZR, t+0(FP)
	RET

// func cyclesPerSpan() (n uint64)
// The frequency, divided by 2^14, is the number of cycles in 61 microseconds.
TEXT ·cyclesPerSpan(SB), NOSPLIT, $0-8
	MRS CNTFRQ_EL0, R0
	LSR $14, R0, R0
	MOVD R0, n+0(FP)
	RET

// OUT replaces the address of a frame in R0 by that of the next frame out. It jumps to lost unless R0 is an address on
// the stack, whose end is in R1 and which has R2 bytes.
#define OUT \
	SUB $8, R1, R3 \
	SUB R0, R3, R3 \
	CMP R2, R3 \
	BHS lost \
	MOVD (R0), R0

// func frame() (f uint32)
// The frames are those of the caller, of the probe, and of the user's function.
TEXT ·frame(SB), NOSPLIT, $0-4
	MOVD 8(g), R1
	MOVD RSP, R2
	SUB R2, R1, R2
	ADD $16, R2, R2 // a frame's address is a word below its stack
	MOVD R29, R0
	OUT
	OUT
	SUB R0, R1, R1
	CMP R2, R1
	BHS lost
	MOVWU ·fast+fastState_frames(SB), R3
	AND R3, R1, R1
	ORR $const_InfoFrame, R1, R1
	MOVW R1, f+0(FP)
	RET
lost:
	MOVD $const_InfoFrame, R1
	MOVW R1, f+0(FP)
	RET
