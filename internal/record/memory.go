package record

import "io"

// OpenMemory opens the record at address base of the memory of a program that is not a process of this machine: a core,
// or a remote process. The caller owns the memory.
func OpenMemory(mem io.ReaderAt, base uint64) (*Record, error) {
	r := &Record{src: Source{Data: window{mem, int64(base)}, Memory: mem}}
	h, err := firstBytes(r.src.Data)
	if err != nil {
		return nil, err
	}
	r.src.Size = int64(h.Size)
	if h, err = readHeader(r.src); err != nil {
		return nil, err
	}
	r.Pid, r.StartTicks = int(h.Pid), h.StartTicks
	return r, nil
}

// Base returns the address of the record in its program's memory.
func (r *Record) Base() (uint64, error) {
	h, err := readHeader(r.src)
	return h.Base, err
}
