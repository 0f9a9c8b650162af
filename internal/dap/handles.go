package dap

import "sync"

// A variable is a line in the editor's pane of variables.
type variable struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	Reference int    `json:"variablesReference"` // 0: it has no parts
	parts     []variable
}

// ownReference is the first reference number of our variables. Delve counts from a thousand; the protocol ends at 2^31.
const ownReference = 1 << 30

// handles are the reference numbers that are valid until the program runs again.
type handles struct {
	mu     sync.Mutex
	frames map[int]int64 // goroutines by Delve's number of a frame
	parts  [][]variable  // parts of variables, by the number minus ownReference
}

// reset drops all numbers.
func (h *handles) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.frames, h.parts = nil, nil
}

// frame notes that a frame belongs to goroutine id.
func (h *handles) frame(frame int, id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.frames == nil {
		h.frames = make(map[int]int64)
	}
	h.frames[frame] = id
}

// goroutine returns the goroutine of a frame.
func (h *handles) goroutine(frame int) (id int64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, ok = h.frames[frame]
	return id, ok
}

// add returns a number for parts, and numbers their own parts.
func (h *handles) add(parts []variable) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.number(parts)
}

func (h *handles) number(parts []variable) int {
	for i := range parts {
		if len(parts[i].parts) > 0 {
			parts[i].Reference = h.number(parts[i].parts)
		}
	}
	h.parts = append(h.parts, parts)
	return ownReference + len(h.parts) - 1
}

// get returns the parts of a number.
func (h *handles) get(reference int) ([]variable, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := reference - ownReference
	if n < 0 || n >= len(h.parts) {
		return nil, false
	}
	return h.parts[n], true
}
