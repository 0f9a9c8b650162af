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

// TestStillSmall checks that a copy takes little of what is not in use.
func TestStillSmall(t *testing.T) {
	r := fileOf(t, many(300))
	src, ok := r.copied()
	if got, most := len(src.Data.(sparse).data), int(allocatedOf(t, r.Path)/2); !ok || got > most {
		t.Errorf("the copy takes %d bytes, more than %d", got, most)
	}
}

func allocatedOf(t *testing.T, path string) int64 {
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return allocated(fi)
}

// TestStillAlone checks that the look behind a record is not copied with it.
func TestStillAlone(t *testing.T) {
	r := fileOf(t, many(300))
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
	if got := len(r.room); got > want {
		t.Errorf("there is room for %d bytes, and for %d before something was kept", got, want)
	}
	if src, ok := r.copied(); !ok || src.Data.(sparse).size != r.src.Size {
		t.Error("what is kept is copied, or nothing")
	}
}

// TestSparse copies a file that has holes, and reads the copy at every place.
func TestSparse(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 3<<20 + 5
	want := make([]byte, size)
	for at, text := range map[int]string{0: "begin", 1<<20 - 3: "middle", 1<<20 + 130: "next line but one", 2 << 20: "x",
		2<<20 + atOnce - 2: "two reads", size - 3: "end"} {
		copy(want[at:], text)
		if _, err := f.WriteAt([]byte(text), int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	for _, room := range [][]byte{nil, make([]byte, 100), make([]byte, 1<<20)} {
		s, ok := copyFile(f, room, size, true)
		if counted, ok := copyFile(f, nil, size, false); !ok || counted.n != s.n || counted.data != nil {
			t.Errorf("%t, %d bytes counted and %d copied", ok, counted.n, s.n)
		}
		const words, pages = 10, 7
		if n := len(s.data); n != s.n || n != words*8+pages*pageSize/blockSize*8 {
			t.Errorf("the copy takes %d bytes, and %d were counted", n, s.n)
		}
		if len(room) > len(s.data) && &room[0] != &s.data[0] {
			t.Error("there is room, and it is not used")
		}
		got := make([]byte, size)
		if n, err := s.ReadAt(got, 0); !ok || n != size || err != nil || string(got) != string(want) {
			t.Errorf("%t, %d bytes, %v", ok, n, err)
		}
		for at := 1<<20 - 200; at < 1<<20+300; at++ {
			for _, n := range []int{1, 8, 100} {
				if k, err := s.ReadAt(got[:n], int64(at)); k != n || err != nil || string(got[:n]) != string(want[at:at+n]) {
					t.Fatalf("%d bytes at %d: %d, %v, %q, not %q", n, at, k, err, got[:n], want[at:at+n])
				}
			}
		}
		if n, err := s.ReadAt(got[:8], size-4); n != 4 || err == nil || string(got[:4]) != "\x00end" {
			t.Errorf("at the end: %d, %v, %q", n, err, got[:4])
		}
	}
}
