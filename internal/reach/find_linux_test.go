//go:build amd64 || arm64

package reach

import (
	"reflect"
	"testing"
)

// TestFindAddresses finds where the variables are without the symbol table, which has them.
func TestFindAddresses(t *testing.T) {
	exe := buildFile(t, "testdata/waits.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, exe)
	var got Addresses
	if err := findAddresses(p, prog, newOffsets(prog.Layout), 0, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, prog.Addresses) {
		t.Errorf("found\n%x\nthe symbols have\n%x", got, prog.Addresses)
	}
}

func TestReferencesARM64(t *testing.T) {
	// adrp x27, .+0x1000 (the next page); ldr w5, [x27, #8]; add x5, x27, #24; adrp x1, .-0x1000; str x2, [x1, #16]
	code := []byte{
		0x1b, 0x00, 0x00, 0xb0, 0x65, 0x0b, 0x40, 0xb9, 0x65, 0x63, 0x00, 0x91, 0xe1, 0xff, 0xff, 0xf0, 0x22, 0x08,
		0x00, 0xf9,
	}
	var got []uint64
	referencesARM64(code, 0x41040, func(r reference) { got = append(got, r.addr) })
	if want := []uint64{0x42008, 0x42018, 0x40010}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %#x, want %#x", got, want)
	}
}
