package procfs

import "testing"

func TestParseStat(t *testing.T) {
	line := "4711 (a (b) c) T 1 4711 4711 34816 4711 4194304 100 0 0 0 1 2 0 0 20 0 5 0 987654 1 2 3\n"
	got, err := parseStat(line)
	want := Stat{Pid: 4711, Name: "a (b) c", State: 'T', Parent: 1, StartTicks: 987654}
	if err != nil || got != want {
		t.Fatalf("parseStat = %+v, %v; want %+v", got, err, want)
	}
	if !got.Stopped() || !got.Alive() {
		t.Error("a stopped process is alive and stopped")
	}
	for _, bad := range []string{"", "1", "1 (x", "x (y) S", "1 (x) S 1 2", "1 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 nan"} {
		if s, err := parseStat(bad); err == nil {
			t.Errorf("parseStat(%q) = %+v, want an error", bad, s)
		}
	}
}

func TestParseMapping(t *testing.T) {
	got, ok := parseMapping("7f0000001000-7f0000003000 rw-s 00001000 00:01 42     /memfd:awaittrace (deleted)")
	want := Mapping{0x7f0000001000, 0x7f0000003000, 0x1000, "/memfd:awaittrace"}
	if !ok || got != want {
		t.Errorf("parseMapping = %+v, %v; want %+v", got, ok, want)
	}
	for _, bad := range []string{"", "7f00-7f01 rw-p 0 00:00 0", "zz-7f01 rw-p 0 00:00 0 /x", "7f00 rw-p 0 00:00 0 /x"} {
		if m, ok := parseMapping(bad); ok {
			t.Errorf("parseMapping(%q) = %+v, want none", bad, m)
		}
	}
}
