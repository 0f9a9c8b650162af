package reach

import "golang.org/x/arch/x86/x86asm"

// referencesAMD64 calls visit for the addresses that code at pc refers to by their distance from it.
func referencesAMD64(code []byte, pc uint64, visit func(reference)) {
	for len(code) > 0 {
		inst, err := x86asm.Decode(code, 64)
		n := inst.Len
		if err != nil || n == 0 {
			code, pc = code[1:], pc+1
			continue
		}
		for _, arg := range inst.Args {
			if m, ok := arg.(x86asm.Mem); ok && m.Base == x86asm.RIP {
				visit(reference{pc + uint64(n) + uint64(m.Disp), inst.Op != x86asm.LEA})
			}
		}
		code, pc = code[n:], pc+uint64(n)
	}
}
