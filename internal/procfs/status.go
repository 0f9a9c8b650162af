package procfs

// A Status has the user and the pids of a process.
type Status struct {
	UID  int   // the effective user; -1 if unknown
	Pids []int // its pid in each of its pid namespaces: that of /proc first, its own last
}

// OwnPid returns the pid of the process in its own pid namespace, or 0 if unknown.
func (s Status) OwnPid() int {
	if len(s.Pids) == 0 {
		return 0
	}
	return s.Pids[len(s.Pids)-1]
}

// ReadStatus returns the status of process pid.
func ReadStatus(pid int) (Status, error) {
	b, err := readFile(path(pid, "status"))
	if err != nil {
		return Status{UID: -1}, err
	}
	return parseStatus(b), nil
}

// Leader returns the process that a thread belongs to, if pid is the number of one, as tools such as htop show it.
func Leader(pid int) int {
	if b, err := readFile(path(pid, "status")); err == nil {
		if group := statusNumbers(b, "Tgid"); len(group) == 1 {
			return group[0]
		}
	}
	return pid
}

// parseStatus reads /proc/PID/status.
func parseStatus(b []byte) Status {
	s := Status{UID: -1, Pids: statusNumbers(b, "NSpid")}
	if uids := statusNumbers(b, "Uid"); len(uids) > 1 {
		s.UID = uids[1]
	}
	return s
}

// Namespace returns the number of a namespace of process pid: kind is pid, mnt, user, time and so on. It is zero if
// unknown, as without permission to trace the process.
func Namespace(pid int, kind string) uint64 { return inode(path(pid, "ns/"+kind)) }

// OwnNamespace returns the number of a namespace of this process, or 0.
func OwnNamespace(kind string) uint64 { return inode(Root + "/self/ns/" + kind) }
