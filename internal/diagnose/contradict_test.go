package diagnose

import (
	"fmt"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestHolders checks that, of too many holders of a lock, those stay that took it last. A reader excludes a writer, and
// a writer a reader.
func TestHolders(t *testing.T) {
	const first, second = "hold lock/rwmutex a.go:1 m.f mu.Lock() 0xb1 %s%s\n",
		"hold lock/rwmutex a.go:2 m.g mu.Lock() 0xb1 %s%s\n"
	for _, test := range []struct {
		first, second [2]string // when, and " read"
		want          [2]int
	}{
		{[2]string{"5s", " read"}, [2]string{"9s", " read"}, [2]int{1, 1}},
		{[2]string{"5s", ""}, [2]string{"9s", ""}, [2]int{0, 1}},
		{[2]string{"5s", " read"}, [2]string{"9s", ""}, [2]int{0, 1}},
		{[2]string{"5s", ""}, [2]string{"9s", " read"}, [2]int{0, 1}},
		{[2]string{"7s", ""}, [2]string{"7s", " read"}, [2]int{1, 1}}, // it is unknown who was last
	} {
		text := "taken 60s\ngoroutine 7 waiting\n  " + fmt.Sprintf(first, test.first[0], test.first[1]) +
			"goroutine 8 waiting\n  " + fmt.Sprintf(second, test.second[0], test.second[1])
		s := snaptext.MustParse(text)
		mended, doubt := reconcile(s)
		got := [2]int{len(mended.Goroutines[0].Holds), len(mended.Goroutines[1].Holds)}
		doubtful := test.first[1] == "" || test.second[1] == ""
		if got != test.want || doubt.objects[0xb1] != doubtful || (mended != s) != doubtful {
			t.Errorf("%v: %d holds stay, want %d; in doubt %v\n%s", test, got, test.want, doubt.objects, text)
		}
	}
}
