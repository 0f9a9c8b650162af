package procfs

import (
	"slices"
	"strings"
)

// Container returns the name of the container of process pid, by its cgroup, unless this process is in the same one:
// the first twelve digits of the id of Docker, containerd, CRI-O or Podman, or the name in LXC or systemd-nspawn. It is
// "" outside of containers, and where the cgroup namespace hides it.
func Container(pid int) string {
	b, _ := readFile(path(pid, "cgroup")) // a process that has ended is in none
	own, _ := readFile(Root + "/self/cgroup")
	return containerOf(string(b), string(own))
}

// shortID is the length of a container's id as docker ps shows it.
const shortID = 12

// containerOf returns the first container in /proc/PID/cgroup that is not in own, the reader's file.
func containerOf(cgroup, own string) string {
	readers := containers(own)
	for _, name := range containers(cgroup) {
		if !slices.Contains(readers, name) {
			return name
		}
	}
	return ""
}

// containers reads /proc/PID/cgroup, which has a line "id:controllers:path" for each hierarchy, and returns the
// innermost container of each, if any.
func containers(cgroup string) (names []string) {
	for line := range strings.Lines(cgroup) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) < 3 {
			continue
		}
		for _, part := range slices.Backward(strings.Split(f[2], "/")) {
			if name := containerName(part); name != "" {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

// containerName returns the container that one folder of a cgroup's path is named after, or "".
func containerName(part string) string {
	if name, ok := strings.CutPrefix(part, "lxc.payload."); ok {
		return plain(name)
	}
	part = strings.TrimSuffix(part, ".scope")
	if name, ok := strings.CutPrefix(part, "machine-"); ok {
		return plain(strings.ReplaceAll(name, `\x2d`, "-"))
	}
	// Docker-ID, cri-containerd-ID, crio-ID, libpod-ID, or ID alone, which on ECS has a suffix.
	for _, s := range strings.Split(part, "-") {
		if len(s) >= 32 && strings.Trim(s, "0123456789abcdef") == "" {
			return s[:shortID]
		}
	}
	return ""
}

// plain returns name, or "" if it holds anything but letters, digits and the signs of host names.
func plain(name string) string {
	for _, c := range name {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return name
}
