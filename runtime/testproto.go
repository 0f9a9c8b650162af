package runtime

// TestVar is the environment variable that names the socket: its path, or after @ its name in the abstract namespace of Linux.
const TestVar = "AWAITTRACE_TEST"

// The questions. Each is a byte, and a number of four bytes in the order of the machine.
const (
	// AskWatch: is this process to be watched? The folder that it runs in follows. The answer is AnswerWatch or AnswerFolders, followed by the addresses of runtime.allglen and
	// runtime.allgptr as numbers of eight bytes, zero where they are unknown; or nothing. The number is zero.
	AskWatch = 'w'
	// AskLeft: what does the test of that number leave? The answer is the text for the user, or nothing.
	AskLeft = 'l'
	// AskFolder says which folder the test of that number has for its artifacts: its path follows. There is no answer.
	AskFolder = 'f'

	AnswerWatch = 'y'
	// AnswerFolders says besides that tests that leave something have to say which folder they have for artifacts.
	AnswerFolders = 'f'
)
