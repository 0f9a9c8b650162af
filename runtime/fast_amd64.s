//go:build linux || darwin

#include "go_asm.h"
#include "textflag.h"

// A function here takes its parameters from the stack into the registers in which Go's register ABI has them: AX, BX,
// CX, DI. It leaves its results in AX and BX before it stores them. Until a jump to a Go function the parameters stay
// where they are. So where the assembler accepts functions of the register ABI, the lines that access the stack are
// left out: see internal/gocmd/registers.go.

// A macro that needs something seldom has another macro for it, which belongs behind the end of the function: FIND has
// ANOTHER, ENTER has FIRST, RECENT has TICKED, WAITS has INSIDE and CALLED has WITHIN. Then no jump is taken in the
// usual case.

// SEARCH puts the slot of the goroutine's g into R10. The flags say whether it is still the goroutine's; if not, it may
// be another g's, or none at all, and the search goes on. It loads mask first, which is written last. R8, R9 and R12
// are lost.
#define SEARCH() \
	MOVQ ·fast+fastState_goid(SB), R12 \
	MOVQ g, R9 \
	MOVQ (R9)(R12*1), R12 \
	SLOT() \
	CMPQ Slot_Goid(R10), R12

#define SLOT() \
	SHRQ $const_gShift, R9 \
search: \
	ANDQ ·fast+fastState_mask(SB), R9 \
	MOVQ ·fast+fastState_tab(SB), R8 \
	MOVL (R8)(R9*4), R10 \
	ADDQ ·fast+fastState_slots(SB), R10

// FIND puts the slot of the goroutine into R10. The search may go on at ANOTHER. R8, R9 and R12 are lost.
#define FIND() \
	SEARCH() \
	JNE another

// ANOTHER goes on with the search, or jumps to none if it has ended.
#define ANOTHER(none) \
another: \
	CMPQ R10, ·fast+fastState_slots(SB) \
	JEQ none \
	INCQ R9 \
	JMP search

// OWN is FIND at the end of an operation. The beginning has given the goroutine the slot of its g.
#define OWN() \
	MOVQ g, R9 \
	SLOT() \
	CMPQ Slot_G(R10), g \
	JNE another

// RECORD adds the site with the number in DX to the history of the slot in R10, as the entry with the number in R8, and
// puts the entry into R11. R8 is lost. It is ENTRY, which makes the entry, and ADD.
#define RECORD() \
	ENTRY() \
	ADD()

#define ENTRY() \
	MOVQ ·fast+fastState_clock(SB), R11 \
	MOVL (R11), R11 \
	SHLQ $32, R11 \
	ORQ DX, R11

#define ADD() \
	ANDL $(const_RingLen-1), R8 \
	MOVQ R11, Slot_Ring(R10)(R8*8) \
	INCL Slot_Head(R10)

// REACHED records that the goroutine whose slot is in R10 reached the site with the number in DX, or jumps to none. It
// puts the entry into R11. R8 is lost.
#define REACHED(none) \
	MOVL Slot_Head(R10), R8 \
	TESTL $(const_tickEvery-1), R8 \
	JZ none \
	RECORD()

// ENTER records that the goroutine reached the site in AX, or jumps to none. It puts the slot into R10, the entry into
// R11 and the site's number into DX. R8, R9 and R12 are lost.
#define ENTER(none) \
	MOVL Site_id(AX), DX \
	TESTL DX, DX \
	JZ none \
	SEARCH() \
	JNE stranger \
	MOVL Slot_Head(R10), R8 \
	TESTL $(const_tickEvery-1), R8 \
	JZ none \
record: \
	RECORD()

// FIRST gives the slot of a goroutine that has exited to the next one on its g, as find does. It jumps to none if there
// is no such slot, if the old goroutine leaves something behind, or if the new one's test or the order of locks is asked
// for.
#define FIRST(none) \
stranger: \
	CMPQ Slot_G(R10), g \
	JEQ reused \
	CMPQ R10, ·fast+fastState_slots(SB) \
	JEQ none \
	INCQ R9 \
	JMP search \
reused: \
	MOVL Slot_Noted+Noted_Obj(R10), R8 \
	ORL Slot_Noted+Noted__size+Noted_Obj(R10), R8 \
	ANDL $const_NotedHere, R8 \
	ORL Slot_Held(R10), R8 \
	JNE none \
	CMPB ·watched(SB), $0 \
	JNE none \
	CMPL ·holdRoom(SB), $const_HeldLen \
	JNE none \
	INCL Slot_Seq(R10) \
	MOVL R8, Slot_Head(R10) \
	MOVL R8, Slot_Depth(R10) \
	MOVL R8, Slot_Test(R10) \
	MOVL R8, Slot_Detached(R10) \
	MOVQ R8, Slot_Noted+Noted_Obj(R10) \
	MOVQ R8, Slot_Noted+Noted__size+Noted_Obj(R10) \
	MOVL R8, Slot_CaseSite(R10) \
	MOVL R8, Slot_CaseSend(R10) \
	MOVL R8, Slot_Lost(R10) \
	MOVL R8, Slot_CaseNext(R10) \
	MOVL R8, Slot_Begun(R10) \
	MOVQ ·fast+fastState_clock(SB), R9 \
	MOVL (R9), R9 \
	MOVL R9, Slot_Born(R10) \
	MOVQ R12, Slot_Goid(R10) \
	INCL Slot_Seq(R10) \
	JMP record

// NOTED jumps to other unless the slot in R10 has noted the fact with index which, of the object in obj, with the entry
// in R11. which is lost.
#define NOTED(which, obj, other) \
	SHLL $4, which \
	ANDL $Noted__size, which \
	CMPQ Slot_Noted+Noted_Obj(R10)(which*1), obj \
	JNE other \
	CMPQ Slot_Noted+Noted_Entry(R10)(which*1), R11 \
	JNE other

// func enter(s *Site) (sl *Slot, e Entry)
TEXT ·enter(SB), NOSPLIT, $0-24
	MOVQ s+0(FP), AX
	ENTER(none)
	MOVQ R10, AX
	MOVQ R11, BX
	MOVQ AX, sl+8(FP)
	MOVQ BX, e+16(FP)
	RET
none:
	XORL AX, AX
	XORL BX, BX
	MOVQ AX, sl+8(FP)
	MOVQ BX, e+16(FP)
	RET
	FIRST(none)

// func note(s *Site, obj unsafe.Pointer, kind Kind, which uintptr)
TEXT ·note(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), AX
	MOVQ obj+8(FP), BX
	MOVQ which+24(FP), DI
	ENTER(none)
	MOVL DI, R8
	NOTED(R8, BX, other)
	RET
other:
	MOVQ R10, AX // noteFact is given the slot
	MOVQ AX, s+0(FP)
	JMP ·noteFact(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·noteFirst(SB)
done:
	RET
	FIRST(none)

// RECENT puts the last reading of the clock into R13, or jumps to old if time may have passed since. DX is lost. It
// loads the word that decides before lastNano: a reading that replaces it meanwhile is newer.
#define RECENT(old) \
	MOVQ ·tickWord(SB), R13 \
	MOVL (R13), R13 \
	CMPL R13, ·lastTick(SB) \
	JNE ticked \
same: \
	MOVQ ·lastNano(SB), R13

#define TICKED(old) \
ticked: \
	MOVQ AX, R13 \
	RDTSC \
	SHLQ $32, DX \
	ORQ AX, DX \
	MOVQ R13, AX \
	SUBQ ·lastCycles(SB), DX \
	CMPQ DX, ·cycleSpan(SB) \
	JCS same \
	JMP old

// WAITS notes that the goroutine is about to wait for the object in BX, with the Wait.Info in CX. It needs the site's
// number in DX, the slot in R10 and the time in R13. A wait is that of the outermost operation, unless the goroutine is
// in others already. Those have a frame: without one, the last has panicked.
#define WAITS() \
	CMPL Slot_Depth(R10), $0 \
	JNE inside \
	WAIT(R10) \
	MOVL $1, Slot_Depth(R10) \
	RET

#define INSIDE(others) \
inside: \
	MOVL Slot_Depth(R10), R8 \
	CMPL R8, $const_WaitLen \
	JCC others \
	LEAQ (R8)(R8*2), R9 \
	LEAQ (R10)(R9*8), R12 \
	CMPL (Slot_Waits-Wait__size+Wait_Info)(R12), $0 \
	JGE others \
	WAIT(R12) \
	INCL R8 \
	MOVL R8, Slot_Depth(R10) \
	RET

#define WAIT(at) \
	MOVQ BX, Slot_Waits+Wait_Obj(at) \
	MOVQ R13, Slot_Waits+Wait_Since(at) \
	MOVL DX, Slot_Waits+Wait_Site(at) \
	MOVL CX, Slot_Waits+Wait_Info(at)

// LAST puts the number of the last wait of the slot in R10 into DX, and how far that wait is from the first, plus the
// slot, into R12. It jumps to slow if there is none. R9 is lost.
#define LAST(slow) \
	MOVL Slot_Depth(R10), DX \
	DECL DX \
	CMPL DX, $const_WaitLen \
	JCC slow \
	LEAQ (DX)(DX*2), R9 \
	LEAQ (R10)(R9*8), R12

// BEGIN notes that the goroutine is about to do the operation at the site in AX on the channel in BX. If the goroutine
// has noted the fact of the operation, in the slot at noted, there is nothing to note at the end. If not, the wait
// begins a nanosecond after the reading of the clock, which tells the end: see blockChan. A site without a number, or
// no channel, has no fact. The reading is recent, so reach need not move the clock on now and then.
#define BEGIN(noted) \
	RECENT(old) \
	MOVL Site_id(AX), DX \
	SEARCH() \
	JNE other \
	ENTRY() \
	CMPQ (Slot_Noted+noted+Noted_Obj)(R10), BX \
	JNE new \
	CMPQ (Slot_Noted+noted+Noted_Entry)(R10), R11 \
	JNE new \
begin: \
	MOVL Slot_Head(R10), R8 \
	ADD() \
	MOVL const_capOffset(BX), CX \
	ANDL $(const_InfoFrame-1), CX \
	WAITS() \
	INSIDE(others) \
others: \
	JMP ·beginChanInside(SB) \
new: \
	INCQ R13 \
	TESTQ BX, BX \
	JZ old \
	TESTL DX, DX \
	JNE begin \
old: \
	JMP ·beginChanSlow(SB) \
none: \
	JMP ·beginChanFirst(SB) \
other: \
	TESTL DX, DX \
	JZ none \
	FIRST(none) \
record: \
	ENTRY() \
	JMP new \
	TICKED(old)

// func beginSend(s *Site, ch unsafe.Pointer)
TEXT ·beginSend(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ ch+8(FP), BX
	BEGIN(Noted__size)

// func beginRecv(s *Site, ch unsafe.Pointer)
TEXT ·beginRecv(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ ch+8(FP), BX
	BEGIN(0)

// func beginWait(s *Site, wg unsafe.Pointer)
TEXT ·beginWait(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ wg+8(FP), BX
	RECENT(old)
	ENTER(none)
	XORL CX, CX
	WAITS()
	INSIDE(others)
others:
	JMP ·beginWaitInside(SB)
none:
	JMP ·beginWaitFirst(SB)
old:
	JMP ·beginWaitSlow(SB)
	FIRST(none)
	TICKED(old)

// func beginGo(s *Site, wg unsafe.Pointer)
TEXT ·beginGo(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ wg+8(FP), BX
	CMPL ·holdRoom(SB), $const_HeldLen
	JNE slow
	ENTER(slow)
	LEAQ const_NotedHere(BX), R12
	MOVQ (Slot_Noted+Noted__size+Noted_Obj)(R10), R8
	MOVL R8, R9
	ANDL $const_notedBits, R9
	CMPL R9, $const_NotedHere
	JEQ here
note:
	MOVQ R12, (Slot_Noted+Noted__size+Noted_Obj)(R10)
	MOVQ R11, (Slot_Noted+Noted__size+Noted_Entry)(R10)
	RET
here:
	CMPQ R8, R12
	JEQ note
	JMP ·beginGoFact(SB)
slow:
	JMP ·beginGoSlow(SB)
	FIRST(slow)

// CASES makes the cases of the slot in R10 those of the select with the number in DX, all unknown. X0 is lost.
#define CASES() \
	XORPS X0, X0 \
	MOVUPS X0, Slot_Cases+0(R10) \
	MOVUPS X0, Slot_Cases+16(R10) \
	MOVUPS X0, Slot_Cases+32(R10) \
	MOVUPS X0, Slot_Cases+48(R10) \
	MOVL DX, Slot_CaseSite(R10)

// func addCase(s *Site, ch unsafe.Pointer, c int)
TEXT ·addCase(SB), NOSPLIT, $0-24
	MOVQ s+0(FP), AX
	MOVQ ch+8(FP), BX
	MOVQ c+16(FP), CX
	MOVL Site_id(AX), DX
	TESTL DX, DX
	JZ slow
	FIND()
	MOVL CX, DI
	SHRL $const_CaseLen, DI
	JNE next
	CMPL Slot_CaseSite(R10), DX
	JNE other
first:
	MOVL CX, Slot_CaseSend(R10)
add:
	MOVQ BX, Slot_Cases(R10)(DI*8)
	INCL DI
	MOVWLZX Site_Cases(AX), R8
	CMPL DI, R8
	JEQ last
	MOVL DI, Slot_CaseNext(R10)
	RET
next:
	CMPL DI, $const_CaseLen
	JCC slow
	CMPL Slot_CaseSite(R10), DX
	JNE slow
	CMPL Slot_CaseNext(R10), DI
	JNE slow
	MOVBLZX CX, R8
	ORL R8, Slot_CaseSend(R10)
	JMP add
other:
	CASES()
	JMP first
last:
	TESTW $const_SiteDefault, Site_Flags(AX)
	JNE reached
	RECENT(slow)
	MOVL Site_id(AX), DX
	REACHED(slow)
	MOVL DI, Slot_CaseNext(R10)
	INCQ R13 // the end looks whether there is a fact to note
	XORL BX, BX
	XORL CX, CX
	WAITS()
	INSIDE(others)
reached:
	REACHED(slow)
	MOVL DI, Slot_CaseNext(R10)
	RET
others:
	MOVQ BX, ch+8(FP)
	JMP ·beginChanInside(SB)
slow:
	JMP ·addCaseSlow(SB)
	TICKED(slow)
	ANOTHER(slow)

// func addCases(s *Site, a, b unsafe.Pointer, i, sends int)
// As at BEGIN, the time at which the wait begins tells the end whether the goroutine has noted a fact of this select:
// that of a send if one of the clauses sends, or else that of a receive. Then it only has to compare the channel.
TEXT ·addCases(SB), NOSPLIT, $0-40
	MOVQ s+0(FP), AX
	MOVQ a+8(FP), BX
	MOVQ b+16(FP), CX
	MOVQ i+24(FP), DI
	MOVQ sends+32(FP), SI
	MOVL Site_id(AX), DX
	FIND()
	TESTQ DI, DI
	JNE next
	CMPL Slot_CaseSite(R10), DX
	JNE other
first:
	MOVL SI, Slot_CaseSend(R10)
	MOVQ BX, Slot_Cases(R10)
	MOVQ CX, Slot_Cases+8(R10)
add:
	TESTW $const_SiteDefault, Site_Flags(AX)
	JNE reached
	RECENT(slow)
	MOVL Site_id(AX), DX
	ENTRY()
	CMPL Slot_CaseSend(R10), $0
	JNE sends
	CMPQ Slot_Noted+Noted_Entry(R10), R11
	JNE new
begin:
	MOVL $0, Slot_CaseNext(R10) // no clause comes next
	MOVL Slot_Head(R10), R8
	ADD()
	CMPL Slot_Depth(R10), $0
	JNE within
	MOVQ $0, Slot_Waits+Wait_Obj(R10)
	MOVQ R13, Slot_Waits+Wait_Since(R10)
	MOVQ DX, Slot_Waits+Wait_Site(R10) // and no Info
	MOVL $1, Slot_Depth(R10)
	RET
sends:
	CMPQ (Slot_Noted+Noted__size+Noted_Entry)(R10), R11
	JEQ begin
new:
	INCQ R13
	TESTL DX, DX
	JNE begin
	JMP slow
within:
	XORL BX, BX
	XORL CX, CX
	INSIDE(others)
other:
	TESTL DX, DX
	JZ slow
	CASES()
	JMP first
next:
	CMPQ DI, $(const_CaseLen-1)
	JCC slow
	CMPL Slot_CaseSite(R10), DX
	JNE slow
	CMPL Slot_CaseNext(R10), DI
	JNE slow
	MOVQ BX, Slot_Cases(R10)(DI*8)
	MOVQ CX, Slot_Cases+8(R10)(DI*8)
	MOVQ CX, R9
	MOVL DI, CX
	MOVL SI, R8
	SHLL CX, R8
	MOVQ R9, CX
	ORL R8, Slot_CaseSend(R10)
	JMP add
reached:
	TESTL DX, DX
	JZ slow
	REACHED(slow)
	MOVL $0, Slot_CaseNext(R10)
	RET
others:
	MOVQ BX, a+8(FP)
	JMP ·beginChanInside(SB)
slow:
	JMP ·addCasesSlow(SB)
	TICKED(slow)
	ANOTHER(slow)

// func chose(s *Site, i int)
// The last wait is that of the select, if that was reached last. A select with a default clause has none.
TEXT ·chose(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ i+8(FP), BX
	CMPQ BX, $const_CaseLen
	JCC slow
	TESTW $const_SiteDefault, Site_Flags(AX)
	JNE own
	RECENT(slow)
own:
	OWN()
	MOVL Site_id(AX), SI
	CMPL Slot_Depth(R10), $1
	JNE inside
	CMPL Slot_Waits+Wait_Site(R10), SI
	JNE without
	CMPQ Slot_Waits+Wait_Since(R10), R13
	JNE new
	MOVL $0, Slot_Depth(R10)
fact:
	MOVQ Slot_Cases(R10)(BX*8), R9
	CMPL Slot_CaseSend(R10), $0
	JNE sends
	CMPQ Slot_Noted+Noted_Obj(R10), R9
	JNE last
	RET
sends:
	MOVL Slot_CaseSend(R10), R8
	BTL BX, R8
	JCC last
	CMPQ (Slot_Noted+Noted__size+Noted_Obj)(R10), R9
	JNE last
	RET
inside:
	LAST(without)
	CMPL Slot_Waits+Wait_Site(R12), SI
	JNE without
	CMPQ Slot_Waits+Wait_Since(R12), R13
	JNE newer
	MOVL DX, Slot_Depth(R10)
	JMP fact
new:
	MOVQ R10, R12
	XORL DX, DX
newer:
	INCQ R13
	CMPQ Slot_Waits+Wait_Since(R12), R13
	JNE slow
	MOVL DX, Slot_Depth(R10)
last:
	MOVL Slot_Head(R10), R8
	DECL R8
	ANDL $(const_RingLen-1), R8
	MOVQ Slot_Ring(R10)(R8*8), R11
	CMPL R11, SI
	JNE slow
	CMPL Slot_CaseSite(R10), SI
	JNE slow
	MOVQ Slot_Cases(R10)(BX*8), R9
	TESTQ R9, R9
	JZ done
	MOVL Slot_CaseSend(R10), R8
	BTL BX, R8
	SBBL R8, R8
	NOTED(R8, R9, noted)
done:
	RET
noted:
	JMP ·choseFact(SB)
without:
	TESTW $const_SiteDefault, Site_Flags(AX)
	JNE last
slow:
	JMP ·choseSlow(SB)
	TICKED(slow)
	ANOTHER(slow)

// ENDED ends the last wait of the goroutine. If the clock's reading is still the one with which the wait began, it has
// no length to note, and the goroutine has noted its fact. new is for other waits, with what LAST finds in DX and R12,
// and slow for all cases.
#define ENDED(new, slow) \
	RECENT(slow) \
	OWN() \
	CMPL Slot_Depth(R10), $1 \
	JNE inside \
	CMPQ Slot_Waits+Wait_Since(R10), R13 \
	JNE first \
	MOVL $0, Slot_Depth(R10) \
	RET \
inside: \
	LAST(slow) \
	CMPQ Slot_Waits+Wait_Since(R12), R13 \
	JNE new \
	MOVL DX, Slot_Depth(R10) \
	RET \
	TICKED(slow) \
	ANOTHER(slow) \
first: \
	MOVQ R10, R12 \
	XORL DX, DX

// PLACE puts the first entry of the object table where the object in BX may be into R8, or jumps to none if the table
// has no memory there. It computes ObjHash times the size of an Object: apart from low bits, which the mask clears, the
// address times 4 is the address / 16 * 64. R9 and SI are lost.
#define PLACE(none) \
	MOVQ $const_HashFactor, R9 \
	MOVQ BX, SI \
	SHRQ $20, SI \
	IMULQ R9, SI \
	SHRQ $(40-const_objShift), SI \
	LEAQ (BX*4), R8 \
	XORL SI, R8 \
	ANDL ·fast+fastState_objMask(SB), R8 \
	MOVL R8, R9 \
	SHRL $const_pageShift, R9 \
	LEAQ ·objPages(SB), R12 \
	CMPB (R12)(R9*1), $0 \
	JEQ none \
	ADDQ ·objBase(SB), R8

// NEXT puts the next entry where the object may be into R8. R9 is lost.
#define NEXT() \
	LEAQ Object__size(R8), R9 \
	XORQ R8, R9 \
	ANDQ $(const_ObjWays*Object__size-1), R9 \
	XORQ R9, R8

// FACT ends the wait with the number in DX, which is at R12 as LAST has it, and notes its fact. It jumps to slow if the
// clock's reading is not the one with which the wait began, whose fact is to be noted. It jumps to other if the object
// table has no entry of the channel yet, or one that may be of an older object, or the slot in R10 has a fact that must
// go there first. check is what else the entry in R8 must fulfil.
#define FACT(noted, fact, check, other, slow) \
	INCQ R13 \
	CMPQ Slot_Waits+Wait_Since(R12), R13 \
	JNE slow \
	MOVL DX, Slot_Depth(R10) \
	MOVL Slot_Head(R10), R8 \
	DECL R8 \
	ANDL $(const_RingLen-1), R8 \
	MOVQ Slot_Ring(R10)(R8*8), R11 \
	MOVQ Slot_Waits+Wait_Obj(R12), BX \
	MOVL (Slot_Waits+Wait_Info)(R12), CX \
	TESTB $const_notedBits, (Slot_Noted+noted+Noted_Obj)(R10) \
	JNE other \
	PLACE(other) \
	MOVL $const_ObjWays, R12 \
way: \
	MOVQ Object_Addr(R8), R9 \
	CMPQ R9, BX \
	JNE next \
	MOVL Object_Kind(R8), R9 \
	ANDL $(const_ObjOfProgram-1), R9 \
	CMPL R9, $const_KindChan \
	JNE other \
	CMPL Object_Cap(R8), CX \
	JNE other \
	check \
	MOVL Slot_Goid(R10), R9 \
	CMPQ (fact+Fact_Site)(R8), R11 \
	JNE store \
	CMPL (fact+Fact_Goid)(R8), R9 \
	JEQ stored \
store: \
	MOVL R9, (fact+Fact_Goid)(R8) \
	MOVQ R11, (fact+Fact_Site)(R8) \
stored: \
	MOVQ BX, (Slot_Noted+noted+Noted_Obj)(R10) \
	MOVQ R11, (Slot_Noted+noted+Noted_Entry)(R10) \
	RET \
next: \
	TESTQ R9, R9 \
	JZ other \
	NEXT() \
	DECL R12 \
	JNE way \
	JMP other

#define SENT(other) \
	CMPL (Object_Closed+Fact_Site)(R8), $0 \
	JNE other

#define RECEIVED(other) \
	CMPB ·closedTells(SB), $0 \
	JEQ other \
	CMPL const_closedOffset(BX), $0 \
	JNE other

// func endSend()
TEXT ·endSend(SB), NOSPLIT, $0-0
	ENDED(new, slow)
new:
	FACT(Noted__size, Object_Sent, SENT(other), other, slow)
other:
	JMP ·endSendFact(SB)
slow:
	JMP ·endSendSlow(SB)

// func endRecv()
TEXT ·endRecv(SB), NOSPLIT, $0-0
	ENDED(new, slow)
new:
	FACT(0, Object_Received, RECEIVED(other), other, slow)
other:
	JMP ·endRecvFact(SB)
slow:
	JMP ·endRecvSlow(SB)

// func endWait()
TEXT ·endWait(SB), NOSPLIT, $0-0
	CMPL ·holdRoom(SB), $const_HeldLen
	JNE slow
	RECENT(slow)
	OWN()
	LAST(slow)
	CMPQ Slot_Waits+Wait_Since(R12), R13
	JNE slow
	MOVL DX, Slot_Depth(R10)
	MOVQ Slot_Waits+Wait_Obj(R12), R8
	ADDQ $const_NotedHere, R8
	CMPQ (Slot_Noted+Noted__size+Noted_Obj)(R10), R8
	JNE done
	ORQ $const_NotedOver, R8
	MOVQ R8, (Slot_Noted+Noted__size+Noted_Obj)(R10)
done:
	RET
slow:
	JMP ·endWaitSlow(SB)
	TICKED(slow)
	ANOTHER(slow)

// func made(s *Site, ch unsafe.Pointer)
// Most of what a new channel costs is to wait for its line of the object table. So made already loads the line of the
// fourth channel from now, if they are all as far from each other as this one is from the last.
TEXT ·made(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ ch+8(FP), BX
	ENTER(none)
	MOVQ Slot_Noted+Noted_Obj(R10), DI
	MOVQ (Slot_Noted+Noted__size+Noted_Obj)(R10), R8
	ORL DI, R8
	TESTL $const_notedBits, R8
	JNE other
	CMPB ·watched(SB), $0
	JNE other
	PLACE(other)
	LEAQ (BX)(BX*4), R9
	SHLQ $2, DI
	SUBQ DI, R9
	SHLQ $(const_objShift-4), R9
	XORL SI, R9
	ANDL ·fast+fastState_objMask(SB), R9
	ADDQ ·objBase(SB), R9
	PREFETCHT0 (R9)
	PREFETCHT0 Object__size(R9)
	MOVL $const_ObjWays, CX
way:
	MOVQ Object_Addr(R8), R12
	CMPQ R12, BX
	JEQ claim
	TESTQ R12, R12
	JNE next
claim:
	MOVQ AX, SI
	MOVQ R12, AX
	MOVL $const_ObjBusy, DX
	LOCK
	CMPXCHGQ DX, Object_Addr(R8)
	MOVQ SI, AX
	JNE other
	XORPS X0, X0
	MOVL const_capOffset(BX), R9
	MOVL R9, Object_Cap(R8)
	MOVL $const_KindChan, Object_Kind(R8)
	MOVL Slot_Goid(R10), R9
	MOVL R9, (Object_Made+Fact_Goid)(R8)
	MOVQ R11, (Object_Made+Fact_Site)(R8)
	MOVUPS X0, Object_Sent(R8)
	MOVUPS X0, (Object_Sent+16)(R8)
	MOVL $0, (Object_Sent+32)(R8)
	MOVQ BX, Object_Addr(R8)
	MOVUPS X0, (Slot_Noted+Noted__size)(R10)
	MOVQ BX, Slot_Noted+Noted_Obj(R10)
	MOVQ R11, Slot_Noted+Noted_Entry(R10)
	RET
next:
	NEXT()
	DECL CX
	JNE way
other:
	JMP ·madeOther(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·madeFirst(SB)
done:
	RET
	FIRST(none)

// func word32(p uintptr) (w uint32)
TEXT ·word32(SB), NOSPLIT, $0-12
	MOVQ p+0(FP), AX
	MOVL (AX), AX
	MOVL AX, w+8(FP)
	RET

// func current() (sl *Slot)
TEXT ·current(SB), NOSPLIT, $0-8
	FIND()
	MOVQ R10, AX
	MOVQ AX, sl+0(FP)
	RET
none:
	XORL AX, AX
	MOVQ AX, sl+0(FP)
	RET
	ANOTHER(none)

// func getg() (p uintptr)
TEXT ·getg(SB), NOSPLIT, $0-8
	MOVQ g, AX
	MOVQ AX, p+0(FP)
	RET

// func gword(off uintptr) (w uint64)
TEXT ·gword(SB), NOSPLIT, $0-16
	MOVQ off+0(FP), AX
	MOVQ g, CX
	MOVQ (CX)(AX*1), AX
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
	MOVQ R13, AX
	MOVQ AX, t+0(FP)
	RET
old:
	XORL AX, AX
	MOVQ AX, t+0(FP)
	RET
	TICKED(old)

// func cyclesPerSpan() (n uint64)
// The counter runs at 1 to 5 GHz.
TEXT ·cyclesPerSpan(SB), NOSPLIT, $0-8
	MOVL $100000, AX
	MOVQ AX, n+0(FP)
	RET

// func features() (standard, extended uint32)
TEXT ·features(SB), NOSPLIT, $0-8
	MOVL $1, AX
	XORL CX, CX
	CPUID
	MOVL CX, SI
	MOVL $0x80000001, AX
	XORL CX, CX
	CPUID
	MOVL SI, AX
	MOVL CX, BX
	MOVL AX, standard+0(FP)
	MOVL BX, extended+4(FP)
	RET

// func frame() (f uint32)
// The caller's frame holds the address of the probe's frame. Above that is the stack of the user's function.
TEXT ·frame(SB), NOSPLIT, $0-4
	MOVQ g, R8
	MOVQ 8(R8), R8
	MOVQ R8, R9
	SUBQ SP, R9
	LEAQ -16(R8), DX
	SUBQ BP, DX
	CMPQ DX, R9
	JCC lost
	LEAQ -16(R8), AX
	SUBQ (BP), AX
	CMPQ AX, R9
	JCC lost
	ANDL ·fast+fastState_frames(SB), AX
	ORL $const_InfoFrame, AX
	MOVL AX, f+0(FP)
	RET
lost:
	MOVL $const_InfoFrame, AX
	MOVL AX, f+0(FP)
	RET

// FRAME puts into f what frame returns for the caller, which is the user's function with the probe inlined.
#define FRAME(f) \
	MOVQ g, f \
	MOVQ 8(f), f \
	SUBQ SP, f \
	SUBL $8, f \
	ANDL ·fast+fastState_frames(SB), f \
	ORL $const_InfoFrame, f

// CALLED fills in the outermost Wait of the slot in R10 for a call of a method of obj, with the frame f. If the
// goroutine is in other operations already, it goes on at WITHIN.
#define CALLED(obj, f) \
	CMPL Slot_Depth(R10), $0 \
	JNE within \
	CALL_AT(R10, obj, f) \
	MOVL $1, Slot_Depth(R10)

#define CALL_AT(at, obj, f) \
	MOVQ obj, Slot_Waits+Wait_Obj(at) \
	MOVQ R13, Slot_Waits+Wait_Since(at) \
	MOVL DX, Slot_Waits+Wait_Site(at) \
	MOVL f, Slot_Waits+Wait_Info(at)

// WITHIN is CALLED inside other operations. It jumps to others unless the last of them is a call that began nearer to
// the beginning of the stack, and the slot has room. R9, R11 and R12 are lost.
#define WITHIN(obj, f, others) \
within: \
	MOVL Slot_Depth(R10), R9 \
	CMPL R9, $const_WaitLen \
	JCC others \
	LEAQ (R9)(R9*2), R12 \
	LEAQ (R10)(R12*8), R12 \
	MOVL (Slot_Waits-Wait__size+Wait_Info)(R12), R11 \
	TESTL R11, R11 \
	JGE others \
	CMPL R11, f \
	JCC others \
	CALL_AT(R12, obj, f) \
	INCL R9 \
	MOVL R9, Slot_Depth(R10)

// func ioBegin(s *Site, x unsafe.Pointer, size uintptr, f uint32)
TEXT ·ioBegin(SB), NOSPLIT, $0-28
	MOVQ s+0(FP), AX
	MOVQ x+8(FP), BX
	MOVQ size+16(FP), CX
	FRAME(DI)
	MOVL DI, f+24(FP)
	RECENT(none)
	ENTER(none)
	XORL R8, R8
	CMPQ CX, $8
	JEQ pointer
	CMPQ CX, $16
	JNE object
	MOVQ 8(BX), R8
object:
	CALLED(R8, DI)
	RET
pointer:
	MOVQ (BX), R8
	JMP object
	WITHIN(R8, DI, others)
	RET
others:
	JMP ·ioBeginInside(SB)
none:
	JMP ·ioBeginSlow(SB)
	FIRST(none)
	TICKED(none)

// func callBegin(s *Site, x unsafe.Pointer, f uint32) Call
TEXT ·callBegin(SB), NOSPLIT, $0-25
	MOVQ s+0(FP), AX
	MOVQ x+8(FP), BX
	FRAME(CX)
	MOVL CX, f+16(FP)
	RECENT(none)
	ENTER(none)
	MOVQ 8(BX), R8
	CALLED(R8, CX)
begun:
	MOVL $1, AX
	MOVB AX, ret+24(FP)
	RET
	WITHIN(R8, CX, others)
	JMP begun
others:
	JMP ·callBeginInside(SB)
none:
	JMP ·callBeginSlow(SB)
	FIRST(none)
	TICKED(none)

// func throughBegin(s *Site, x unsafe.Pointer, word uint64) Call
TEXT ·throughBegin(SB), NOSPLIT, $0-25
	MOVQ s+0(FP), AX
	MOVQ x+8(FP), BX
	MOVQ word+16(FP), CX
	FRAME(DI)
	SHLQ $32, CX
	ORQ DI, CX
	MOVQ CX, word+16(FP)
	RECENT(none)
	ENTER(none)
	CALLED(BX, CX)
begun:
	MOVL $1, AX
	MOVB AX, ret+24(FP)
	RET
	WITHIN(BX, CX, others)
	JMP begun
others:
	JMP ·throughBeginInside(SB)
none:
	JMP ·throughBeginSlow(SB)
	FIRST(none)
	TICKED(none)

// func ioEnd(f uint32)
TEXT ·ioEnd(SB), NOSPLIT, $0-4
	FRAME(AX)
	MOVL AX, f+0(FP)
	RECENT(slow)
	OWN()
	CMPL Slot_Depth(R10), $1
	JNE inside
	CMPL Slot_Waits+Wait_Info(R10), AX
	JNE slow
	CMPQ Slot_Waits+Wait_Since(R10), R13
	JNE slow
	MOVL $0, Slot_Depth(R10)
	RET
inside:
	LAST(none)
	CMPL Slot_Waits+Wait_Info(R12), AX
	JNE slow
	CMPQ Slot_Waits+Wait_Since(R12), R13
	JNE slow
	MOVL DX, Slot_Depth(R10)
none:
	RET
slow:
	JMP ·ioEndSlow(SB)
	TICKED(slow)
	ANOTHER(slow)

// HOLD notes that the goroutine whose slot is in R10 holds the object in BX, with the entry in R11, or jumps to full.
// R8 is lost.
#define HOLD(full) \
	MOVL Slot_Held(R10), R8 \
	CMPL R8, ·holdRoom(SB) \
	JCC full \
	ADDL R8, R8 \
	MOVQ BX, Slot_Locks+Hold_Obj(R10)(R8*8) \
	MOVQ R11, Slot_Locks+Hold_Site(R10)(R8*8) \
	INCL Slot_Held(R10)

// RELEASE notes that the goroutine whose slot is in R10 no longer holds the object in BX, or jumps to other if that is
// not the last lock that it took. R8 and R9 are lost.
#define RELEASE(other) \
	MOVL Slot_Held(R10), R8 \
	SUBL $1, R8 \
	JCS other \
	LEAQ (R8)(R8*1), R9 \
	CMPQ Slot_Locks+Hold_Obj(R10)(R9*8), BX \
	JNE other \
	MOVL R8, Slot_Held(R10)

// func lock(s *Site, m *sync.Mutex)
TEXT ·lock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ m+8(FP), BX
	CMPB ·locksTell(SB), $0
	JEQ slow
	TESTQ BX, BX
	JZ slow
	MOVQ AX, SI
	XORL AX, AX
	MOVL $1, DX
	LOCK
	CMPXCHGL DX, (BX)
	MOVQ SI, AX
	JNE slow
	ENTER(none)
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
	FIRST(none)

// func unlock(s *Site, m *sync.Mutex)
TEXT ·unlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ m+8(FP), BX
	TESTQ BX, BX
	JZ plain
	ENTER(none)
	RELEASE(other)
unlock:
	CMPB ·locksTell(SB), $0
	JEQ plain
	MOVQ AX, SI
	MOVL $1, AX
	XORL DX, DX
	LOCK
	CMPXCHGL DX, (BX)
	MOVQ SI, AX
	JNE plain
	RET
plain:
	JMP ·unlockPlain(SB)
none:
	CMPB ·off(SB), $0
	JNE unlock
	JMP ·unlockFirst(SB)
other:
	JMP ·unlockOther(SB)
	FIRST(none)

// PREFETCHW_BX loads the line of the cache at off(BX) for writing. Without it a processor that reads a word and then
// changes it asks for the line twice, if others do that, too. The assembler does not know the instruction.
#define PREFETCHW_BX(off) \
	BYTE $0x0f; BYTE $0x0d; BYTE $0x4b; BYTE $off

// func rlock(s *Site, m *sync.RWMutex)
TEXT ·rlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ m+8(FP), BX
	CMPB ·readersTell(SB), $0
	JEQ slow
	TESTQ BX, BX
	JZ slow
	MOVQ AX, SI
	PREFETCHW_BX(const_readerCount)
	MOVL const_readerCount(BX), AX
again:
	LEAL 1(AX), DX
	TESTL AX, AX
	JLT many
	LOCK
	CMPXCHGL DX, const_readerCount(BX)
	JNE again // to another reader
	MOVQ SI, AX
	ENTER(none)
	BTSQ $31, R11 // HoldRead
	HOLD(full)
	RET
many:
	MOVQ SI, AX
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
	FIRST(none)

// func runlock(s *Site, m *sync.RWMutex)
TEXT ·runlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ m+8(FP), BX
	TESTQ BX, BX
	JZ plain
	ENTER(none)
	RELEASE(other)
unlock:
	CMPB ·locksTell(SB), $0
	JEQ plain
	MOVL $-1, DX
	LOCK
	XADDL DX, const_readerCount(BX)
	TESTL DX, DX
	JLE held
	RET
held:
	LOCK
	INCL const_readerCount(BX)
plain:
	JMP ·runlockPlain(SB)
none:
	CMPB ·off(SB), $0
	JNE unlock
	JMP ·runlockFirst(SB)
other:
	JMP ·runlockOther(SB)
	FIRST(none)

// func rwlock(s *Site, m *sync.RWMutex)
TEXT ·rwlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ m+8(FP), BX
	CMPB ·locksTell(SB), $0
	JEQ slow
	TESTQ BX, BX
	JZ slow
	MOVQ AX, SI
	XORL AX, AX
	MOVL $1, DX
	LOCK
	CMPXCHGL DX, (BX)
	JNE locked
	MOVL $const_writerCount, DX
	LOCK
	CMPXCHGL DX, const_readerCount(BX)
	MOVQ SI, AX
	JNE half
	ENTER(none)
	HOLD(full)
	RET
locked:
	MOVQ SI, AX
slow:
	JMP ·rwlockSlow(SB)
half:
	JMP ·rwlockHalf(SB)
none:
	CMPB ·off(SB), $0
	JNE done
	JMP ·lockFirst(SB)
full:
	JMP ·lockFull(SB)
done:
	RET
	FIRST(none)

// func rwunlock(s *Site, m *sync.RWMutex)
TEXT ·rwunlock(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ m+8(FP), BX
	TESTQ BX, BX
	JZ plain
	ENTER(none)
	RELEASE(other)
unlock:
	CMPB ·locksTell(SB), $0
	JEQ plain
	MOVQ AX, SI
	MOVL $const_writerCount, AX
	XORL DX, DX
	LOCK
	CMPXCHGL DX, const_readerCount(BX)
	JNE waited
	MOVL $1, AX
	LOCK
	CMPXCHGL DX, (BX)
	MOVQ SI, AX
	JNE writers
	RET
waited:
	MOVQ SI, AX
plain:
	JMP ·rwunlockPlain(SB)
writers:
	JMP ·unlockPlain(SB)
none:
	CMPB ·off(SB), $0
	JNE unlock
	JMP ·rwunlockFirst(SB)
other:
	JMP ·rwunlockOther(SB)
	FIRST(none)
