package dap

// A requestRule handles the requests of one command; all others pass unchanged.
type requestRule struct {
	// ask sees a request before Delve does, and may change it. If it returns false, Delve never sees the request, and
	// ask answers it, now or later.
	ask func(p *Proxy, m *message) (forward bool)
	// answer sees Delve's response to a request before the client does, and may change it.
	answer func(p *Proxy, request, response *message)
	// slow lets later messages overtake the response, because answer looks at the program. Without a stop to look at,
	// answer changes nothing, and responses keep their order.
	slow bool
}

// requestRules returns the rules for requests and responses, by command.
func requestRules() map[string]requestRule {
	rules := map[string]requestRule{
		"initialize":              {ask: greet, answer: addFilters},
		"setExceptionBreakpoints": {ask: takeFilters},
		"launch":                  {ask: launch},
		"attach":                  {ask: attach},
		"restart":                 {ask: restart},
		"pause":                   {ask: pauses},
		"disconnect":              {ask: leave},
		"terminate":               {ask: leave},
		"stackTrace":              {ask: askFrames, answer: noteFrames},
		"threads":                 {answer: nameThreads, slow: true},
		"scopes":                  {answer: addScope, slow: true},
		"variables":               {ask: variables, answer: hideLocals},
		"evaluate":                {ask: evaluate},
		"exceptionInfo":           {ask: exceptionInfo},
		"awaittrace/report":       {ask: reportRequest},
	}
	for _, command := range []string{"configurationDone", "continue", "next", "stepOut", "stepBack",
		"reverseContinue"} {
		rules[command] = requestRule{ask: runs, answer: ran}
	}
	rules["stepIn"] = requestRule{ask: stepIn, answer: ran}
	return rules
}

// eventRules returns the rules for Delve's events, by name. A rule returns false for an event that the client must not
// see.
func eventRules() map[string]func(p *Proxy, m *message) bool {
	return map[string]func(*Proxy, *message) bool{
		"process":     process,
		"initialized": begun,
		"stopped":     stopped,
		"continued":   continued,
		"terminated":  terminated,
	}
}
