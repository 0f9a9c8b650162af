package main

// differences are the tests that must fail when their program has probes, and why.
func differences() map[string]string {
	return map[string]string{}
}
