//go:build !awaittrace_portable

package main

// scriptFlags are the GOFLAGS of scripts.
const scriptFlags = ""
