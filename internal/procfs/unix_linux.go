package procfs

import (
	"encoding/binary"
	"os"
	"syscall"
	"unsafe"
)

// Constants of the kernel's sock_diag interface: include/uapi/linux/sock_diag.h and unix_diag.h.
const (
	netlinkSockDiag   = 4
	sockDiagByFamily  = 20
	unixShowPeer      = 1 << 2
	unixShowQueue     = 1 << 4
	unixAttrPeer      = 2
	unixAttrQueue     = 4
	unixDiagMsgLen    = 16
	unixDiagTimeoutMS = 500
)

// A unixDiagReq asks for all unix sockets.
type unixDiagReq struct {
	Header           syscall.NlMsghdr
	Family, Protocol uint8
	_                uint16
	States           uint32
	Inode            uint32
	Show             uint32
	Cookie           [2]uint32
}

// unixPeers asks the kernel for the peer of each unix socket, and how many bytes wait to be read. It returns nothing
// for another network namespace than our own.
func unixPeers(pid int) map[uint64]unixState {
	ours, err1 := os.Readlink(path(os.Getpid(), "ns/net"))
	theirs, err2 := os.Readlink(path(pid, "ns/net"))
	if err1 != nil || err2 != nil || ours != theirs {
		return nil
	}
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	timeout := syscall.NsecToTimeval(unixDiagTimeoutMS * 1e6)
	if syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout) != nil {
		return nil
	}
	req := unixDiagReq{Family: syscall.AF_UNIX, States: 1<<32 - 1, Show: unixShowPeer | unixShowQueue}
	req.Header = syscall.NlMsghdr{Len: uint32(unsafe.Sizeof(req)), Type: sockDiagByFamily,
		Flags: syscall.NLM_F_REQUEST | syscall.NLM_F_DUMP}
	b := unsafe.Slice((*byte)(unsafe.Pointer(&req)), unsafe.Sizeof(req))
	if syscall.Sendto(fd, b, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}) != nil {
		return nil
	}
	states := make(map[uint64]unixState)
	for buf := make([]byte, 64<<10); ; {
		n, _, err := syscall.Recvfrom(fd, buf, 0)
		if err != nil || n <= 0 {
			return states
		}
		msgs, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return states
		}
		for _, m := range msgs {
			if m.Header.Type == syscall.NLMSG_DONE || m.Header.Type == syscall.NLMSG_ERROR {
				return states
			}
			if inode, st, ok := parseUnixDiag(m.Data); ok {
				states[inode] = st
			}
		}
	}
}

// parseUnixDiag reads a struct unix_diag_msg and the attributes that follow it.
func parseUnixDiag(b []byte) (inode uint64, st unixState, ok bool) {
	if len(b) < unixDiagMsgLen {
		return 0, st, false
	}
	inode = uint64(binary.NativeEndian.Uint32(b[4:]))
	for b = b[unixDiagMsgLen:]; len(b) >= syscall.SizeofRtAttr; {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		if size < syscall.SizeofRtAttr || size > len(b) {
			break
		}
		switch value := b[syscall.SizeofRtAttr:size]; {
		case kind == unixAttrPeer && len(value) >= 4:
			st.peer = uint64(binary.NativeEndian.Uint32(value))
		case kind == unixAttrQueue && len(value) >= 8:
			st.unread = int(binary.NativeEndian.Uint32(value))
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return inode, st, true
}
