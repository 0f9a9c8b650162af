//go:build !awaittrace_portable

package runtime

const sysMemfdCreate = 279
