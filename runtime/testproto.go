package runtime

// TestVar is the environment variable that names the socket, in the abstract namespace.
const TestVar = "AWAITTRACE_TEST"

// The questions. Each is a byte, and a number of four bytes in the order of the machine.
const (
	// AskWatch: is this process to be watched? The answer is AnswerWatch, or nothing. The number is zero.
	AskWatch = 'w'
	// AskLeft: what does the test of that number leave? The answer is the text for the user, or nothing.
	AskLeft = 'l'

	AnswerWatch = 'y'
)
