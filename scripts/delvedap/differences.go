package main

// differences are the tests that fail when their program has probes, and why.
func differences() map[string]string {
	return map[string]string{
		"TestFilterGoroutines": "goroutineFilters -with userloc: Delve compares with the innermost function that is " +
			"not the runtime's, which is the collector's where a goroutine waits in a probe",
	}
}
