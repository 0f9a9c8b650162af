package procfs

import (
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	line := "4711 (a (b)\x1b\n) T 1 4711 4711 34816 4711 4194304 100 0 0 0 1 2 0 0 20 0 5 0 987654 1 2 3\n"
	got, err := parseStat(line)
	want := Stat{Pid: 4711, Name: "a (b)\ufffd\ufffd", State: 'T', Parent: 1, StartTicks: 987654,
		Busy: 30 * time.Millisecond}
	if err != nil || got != want {
		t.Fatalf("parseStat = %+v, %v; want %+v", got, err, want)
	}
	if !got.Stopped() || !got.Alive() {
		t.Error("a stopped process is alive and stopped")
	}
	for _, bad := range []string{"", "1", "1 (x", "x (y) S", "1 (x) S 1 2",
		"1 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 nan"} {
		if s, err := parseStat(bad); err == nil {
			t.Errorf("parseStat(%q) = %+v, want an error", bad, s)
		}
	}
}

func TestParseMapping(t *testing.T) {
	got, ok := parseMapping("7f0000001000-7f0000003000 rw-s 00001000 00:01 42     /memfd:awaittrace (deleted)")
	want := Mapping{0x7f0000001000, 0x7f0000003000, 0x1000, "/memfd:awaittrace", true, "00:01", 42}
	if !ok || got != want {
		t.Errorf("parseMapping = %+v, %v; want %+v", got, ok, want)
	}
	for _, bad := range []string{"", "7f00-7f01 rw-p 0 00:00 0", "zz-7f01 rw-p 0 00:00 0 /x",
		"7f00 rw-p 0 00:00 0 /x"} {
		if m, ok := parseMapping(bad); ok {
			t.Errorf("parseMapping(%q) = %+v, want none", bad, m)
		}
	}
}

func TestParseSocket(t *testing.T) {
	line := "   1: 0100007F:1F90 0100007F:D2E4 01 00261A3C:00000010 01:00000019 00000000     0        0 4711 2 " +
		"0000000000000000 22 4 0 10 -1"
	got, ok := parseSocket(line)
	want := Socket{Local: "127.0.0.1:8080", Remote: "127.0.0.1:53988", Unsent: 0x261a3c, Unread: 16, inode: 4711}
	if !ok || got != want {
		t.Errorf("parseSocket = %+v, %v; want %+v", got, ok, want)
	}
	six, ok := parseAddr("00000000000000000000000001000000:1F90")
	if !ok || six != "[::1]:8080" {
		t.Errorf("parseAddr = %q, %v", six, ok)
	}
	for _, bad := range []string{"",
		"sl local_address rem_address st tx_queue:rx_queue tr tm->when retrnsmt uid timeout inode",
		"0: 01:1 02:2 01 0:0 0 0 0 0 1"} {
		if s, ok := parseSocket(bad); ok {
			t.Errorf("parseSocket(%q) = %+v, want none", bad, s)
		}
	}
}

func TestContainerOf(t *testing.T) {
	const id = "3f4e5d6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80"
	const inner = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
	tests := []struct{ cgroup, want string }{
		{"0::/\n", ""},
		{"0::/user.slice/user-1000.slice/session-2.scope\n", ""},
		{"0::/system.slice/ssh.service\n", ""},
		{"0::/system.slice/docker-" + id + ".scope\n", "3f4e5d6a7b8c"},
		{"12:pids:/docker/" + id + "\n0::/\n", "3f4e5d6a7b8c"},
		{"0::/../../docker/" + id + "/init.scope\n", "3f4e5d6a7b8c"},
		{"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_34.slice/cri-containerd-" + id +
			".scope\n", "3f4e5d6a7b8c"},
		{"9:memory:/kubepods/besteffort/pod1234-56/" + id + "\n", "3f4e5d6a7b8c"},
		{"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope/container\n",
			"3f4e5d6a7b8c"},
		{"0::/lxc.payload.web1/system.slice/app.service\n", "web1"},
		{"0::/machine.slice/machine-build\\x2dbox.scope\n", "build-box"},
		{"0::/ecs/task1234/" + id[:32] + "-123456\n", "3f4e5d6a7b8c"},
		{"4:memory:/sandbox/" + id[:32] + "\n", "3f4e5d6a7b8c"},
		{"nonsense", ""},
		{"0::/docker/x\x1b[31m\n", ""},
	}
	for _, tt := range tests {
		if got := containerOf(tt.cgroup, "0::/\n"); got != tt.want {
			t.Errorf("containerOf(%q) = %q, want %q", tt.cgroup, got, tt.want)
		}
		if got := containerOf(tt.cgroup, tt.cgroup); got != "" {
			t.Errorf("containerOf(%q) = %q for a reader in it", tt.cgroup, got)
		}
	}
	// A container in a container, and one that only one hierarchy knows of.
	for _, cgroup := range []string{"0::/docker/" + id + "/docker/" + inner + "\n",
		"4:memory:/docker/" + id + "\n0::/docker-" + inner + ".scope\n"} {
		if got := containerOf(cgroup, "4:memory:/docker/"+id+"\n0::/\n"); got != inner[:shortID] {
			t.Errorf("containerOf(%q) = %q for a reader in the outer one", cgroup, got)
		}
	}
}

func TestParseStatus(t *testing.T) {
	got := parseStatus([]byte("Name:\tx\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\nNSpid:\t4711\t12\t1\n"))
	if got.UID != 1001 || got.OwnPid() != 1 || len(got.Pids) != 3 {
		t.Errorf("parseStatus = %+v", got)
	}
	if got := parseStatus(nil); got.UID != -1 || got.OwnPid() != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestParseIO(t *testing.T) {
	calls, bytes, err := parseIO("rchar: 4092\nwchar: 7\nsyscr: 9\nsyscw: 1\nread_bytes: 0\n")
	if calls != 9 || bytes != 4092 || err != nil {
		t.Errorf("parseIO = %d, %d, %v, want 9, 4092", calls, bytes, err)
	}
	if _, _, err := parseIO("rchar: 4092\n"); err == nil {
		t.Error("parseIO takes half of it")
	}
}
