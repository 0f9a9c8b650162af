package record

import (
	"os"
	"reflect"
	"testing"
)

// TestStill reads a copy of a record after the record has changed.
func TestStill(t *testing.T) {
	t.Run("no room yet", func(t *testing.T) { testStill(t, func(*Record) {}) })
	t.Run("room", func(t *testing.T) { testStill(t, (*Record).ReadyStill) })
	t.Run("too little room", func(t *testing.T) {
		testStill(t, func(r *Record) {
			r.ReadyStill()
			r.room = r.room[:5000]
		})
	})
}

func testStill(t *testing.T, ready func(*Record)) {
	b := many(300)
	r := fileOf(t, b)
	if err := r.openFile(); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	ready(r)
	read := r.Still()
	if err := os.Truncate(r.Path, 10); err != nil {
		t.Fatal(err)
	}
	got, err := read()
	if err != nil || len(got.Goroutines) != 300 || !reflect.DeepEqual(got, want) {
		t.Errorf("%v; got\n%+v\nwant\n%+v", err, got, want)
	}
	if _, err := r.Snapshot(); err == nil {
		t.Error("the record itself can be read still")
	}
}

// TestStillAlone checks that the look behind a record is not copied with it.
func TestStillAlone(t *testing.T) {
	r := fileOf(t, many(300))
	if err := r.openFile(); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	r.ReadyStill()
	want := len(r.room)
	r.Keep(s, nil)
	if !r.HasLook() {
		t.Fatal("nothing is kept")
	}
	r.ReadyStill()
	const blocks = 8 << 10 // in which a file has its data
	if got := len(r.room); got > want+blocks {
		t.Errorf("there is room for %d bytes, and for %d before something was kept", got, want)
	}
	if src, ok := r.copied(); !ok || src.Data.(sparse).size != r.src.Size {
		t.Error("what is kept is copied, or nothing")
	}
}

// TestSparse copies a file that has holes.
func TestSparse(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := make([]byte, 3<<20)
	copy(want[1<<20:], "middle")
	copy(want[len(want)-3:], "end")
	for _, at := range []int{1 << 20, len(want) - 3} {
		if _, err := f.WriteAt(want[at:min(at+6, len(want))], int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	s, ok := copyFile(f, nil, int64(len(want)))
	got := make([]byte, len(want))
	if n, err := s.ReadAt(got, 0); !ok || n != len(want) || err != nil || string(got) != string(want) {
		t.Errorf("%t, %d bytes, %v", ok, n, err)
	}
	if n, err := s.ReadAt(got[:8], int64(len(want))-4); n != 4 || err == nil || string(got[:4]) != "\x00end" {
		t.Errorf("at the end: %d, %v, %q", n, err, got[:4])
	}
}

// TestSparseGrown checks that there is room for a file in which a hole was filled since the room was made.
func TestSparseGrown(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 3 << 20
	var room []byte
	for _, at := range []int64{size - 3, 1 << 20} {
		if _, err := f.WriteAt([]byte("new"), at); err != nil {
			t.Fatal(err)
		}
		s, ok := copyFile(f, room, size)
		if !ok {
			t.Fatal("not copied")
		}
		room = s.room
		free := room
		for _, e := range s.pieces {
			if len(free) < len(e.data) || &free[0] != &e.data[0] {
				t.Fatalf("%d bytes at %d are not in the room of %d bytes", len(e.data), e.off, len(room))
			}
			free = free[len(e.data):]
		}
	}
}
