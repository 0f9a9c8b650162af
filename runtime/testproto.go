package runtime

// TestVar is the environment variable that names the socket: its path, or after @ its name in the abstract namespace of
// Linux.
const TestVar = "AWAITTRACE_TEST"

// The questions. Each is a byte and a number of four bytes in the order of the machine, and may have a text.
const (
	// AskWatch asks whether to watch this process. The text is the folder that it runs in; the number is zero. The
	// answer is AnswerWatch or AnswerFolders, and the addresses of runtime.allglen and runtime.allgptr as numbers of
	// eight bytes, zero where they are unknown. An empty answer means no.
	AskWatch = 'w'
	// AskLeft asks what the test of that number leaves. The answer is the text for the user, or empty.
	AskLeft = 'l'
	// AskFolder tells the folder for the artifacts of the test of that number, which is the text. It has no answer.
	AskFolder = 'f'

	AnswerWatch = 'y'
	// AnswerFolders also tells that tests that leave goroutines must name their folder for artifacts.
	AnswerFolders = 'f'
)
