//go:build awaittrace_portable

package main

// scriptFlags has the programs of scripts keep their records as those of other systems do.
const scriptFlags = "-tags=awaittrace_portable"
