package report

// Schema names the version of the JSON. Fields may be added to it; none changes its meaning.
const Schema = "awaittrace.report/1"

// The types below are the JSON objects. Times are nanoseconds, addresses hexadecimal strings, and an absent field is
// unknown.

// A Document is a whole report.
type Document struct {
	Schema   string         `json:"schema"`
	Process  Process        `json:"process"`
	Complete bool           `json:"complete"`
	Dropped  map[string]int `json:"dropped,omitempty"`
	// Note says in one line what could not be read, such as states without the permission to trace the process.
	Note string `json:"note,omitempty"`
	// KeptBytes is what all proven leaks together keep alive.
	KeptBytes  uint64      `json:"kept_bytes,omitempty"`
	Counts     Counts      `json:"counts"`
	Findings   []Finding   `json:"findings"`
	Goroutines []Goroutine `json:"goroutines"`
	// Sites, with -sites, say how long goroutines waited, by place, the longest sum first.
	Sites []SiteWaits `json:"sites,omitzero"`
	// By are the goroutines by the values of the profiler label of -by.
	By *By `json:"by,omitempty"`
}

// By groups goroutines by a profiler label.
type By struct {
	Label  string       `json:"label"`
	Groups []LabelGroup `json:"groups"`
}

// A LabelGroup is the goroutines that have one value of the label; Value is absent for those that do not have it.
type LabelGroup struct {
	Value  *string `json:"value,omitempty"`
	Counts Counts  `json:"counts"`
	// OldestNS is the longest wait of a stuck goroutine.
	OldestNS int64 `json:"oldest_ns,omitempty"`
}

// A Process is the program as a whole. Started and Taken are nanoseconds since 1970.
type Process struct {
	Pid     int      `json:"pid"`
	Exe     string   `json:"exe,omitempty"`
	Args    []string `json:"args,omitempty"`
	Go      string   `json:"go,omitempty"`
	Started int64    `json:"started,omitempty"`
	Taken   int64    `json:"taken,omitempty"`
	State   string   `json:"state"`
	// Record means that the program has a record of its probes. StoppedForNS is how long it stood still for the report.
	Record       bool   `json:"record"`
	StoppedForNS *int64 `json:"stopped_for_ns,omitempty"`
	Container    string `json:"container,omitempty"`
	// Untrusted says why the record may not be the program's own.
	Untrusted string `json:"untrusted,omitempty"`
	// Unwatched means that the program has ended, nobody saw when, and Taken is its last sign of life.
	Unwatched bool `json:"unwatched,omitempty"`
	// LookedNS is how long before Taken the states and stacks of an ended program, or the proofs of a running one, were
	// read.
	LookedNS *int64 `json:"looked_ns,omitempty"`
}

// Counts are numbers of goroutines: of all, and by verdict.
type Counts struct {
	Goroutines int `json:"goroutines"`
	Deadlock   int `json:"deadlock"`
	Orphaned   int `json:"orphaned"`
	Leaked     int `json:"leaked"`
	Stuck      int `json:"stuck"`
	Busy       int `json:"busy"`
	Idle       int `json:"idle"`
	OK         int `json:"ok"`
}

// A Finding is one cause with the goroutines that it blocks.
type Finding struct {
	Kind       string  `json:"kind"`
	Certainty  string  `json:"certainty"`
	Goroutines []int64 `json:"goroutines"`
	Root       int64   `json:"root,omitempty"`
	// Places are where locks were taken, for kind lock-order, whose goroutines have gone on. The first leads.
	Places []Probe  `json:"places,omitempty"`
	Title  string   `json:"title"`
	Why    []string `json:"why"`
	Fix    string   `json:"fix,omitempty"`
	// Test is the test that the finding is about, behind the folder of its package.
	Test string `json:"test,omitempty"`
	// Proof is what proves a leak: reachability or leakprofile.
	Proof string `json:"proof,omitempty"`
	// KeptBytes counts heap and stacks that only these goroutines keep alive.
	KeptBytes uint64  `json:"kept_bytes,omitempty"`
	Growth    *Growth `json:"growth,omitempty"`
	Busy      *Busy   `json:"busy,omitempty"`
	Usual     *Usual  `json:"usual,omitempty"`
}

// Lead returns the goroutine that leads f: its root, or else its first. Find returns the goroutine with an id; if it
// finds neither, Lead returns nil.
func (f *Finding) Lead(find func(id int64) *Goroutine) *Goroutine {
	if g := find(f.Root); g != nil {
		return g
	}
	for _, id := range f.Goroutines {
		if g := find(id); g != nil {
			return g
		}
	}
	return nil
}

// A Growth says how fast goroutines become more.
type Growth struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"per_second"`
	OldestNS  int64   `json:"oldest_ns"`
	NewestNS  int64   `json:"newest_ns"`
}

// A Busy says how fast a goroutine loops, and how many processors it keeps busy.
type Busy struct {
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"cpu,omitempty"`
}

// A Usual says how long waits at the same place usually are.
type Usual struct {
	MedianNS int64 `json:"median_ns"`
	MaxNS    int64 `json:"max_ns"`
}

// A SiteWaits says how long goroutines waited at a place: in finished waits longer than a tick of the kernel, and in
// those that last.
type SiteWaits struct {
	Probe    Probe  `json:"probe"`
	Count    uint64 `json:"count"`
	TotalNS  int64  `json:"total_ns"`
	MedianNS int64  `json:"median_ns,omitempty"`
	MaxNS    int64  `json:"max_ns,omitempty"`
	// Waiting is the number of goroutines that wait there now, and LongestNS for how long the first of them does.
	Waiting   int   `json:"waiting"`
	LongestNS int64 `json:"longest_ns,omitempty"`
}

// A Waker is something that could end a wait: a goroutine, with the place where it stands, or by name a timer, a
// finalizer, a cleanup or a global variable.
type Waker struct {
	Goroutine int64    `json:"goroutine,omitempty"`
	Timer     string   `json:"timer,omitempty"`
	Finalizer string   `json:"finalizer,omitempty"`
	Cleanup   string   `json:"cleanup,omitempty"`
	Global    string   `json:"global,omitempty"`
	File      string   `json:"file,omitempty"`
	Line      int      `json:"line,omitempty"`
	Path      []string `json:"path,omitempty"`
}

// A Goroutine is one goroutine.
type Goroutine struct {
	ID      int64  `json:"id"`
	State   string `json:"state"`
	Verdict string `json:"verdict"`
	// Reason is the runtime's wait reason.
	Reason string `json:"reason,omitempty"`
	// Leaked means that the garbage collector has proven that nothing can wake it.
	Leaked    bool     `json:"leaked,omitempty"`
	Probe     *Probe   `json:"probe,omitempty"`
	Phase     string   `json:"phase,omitempty"`
	SinceNS   *int64   `json:"since_ns,omitempty"`
	WaitsOn   *Object  `json:"waits_on,omitempty"`
	Holds     []Hold   `json:"holds,omitempty"`
	History   []Step   `json:"history,omitempty"`
	CreatedBy *Created `json:"created_by,omitempty"`
	// Labels are the profiler labels of the goroutine.
	Labels map[string]string `json:"labels,omitempty"`
	// Test is the test that started the goroutine, in a program that `awaittrace test` runs.
	Test string `json:"test,omitempty"`
	// CouldEnd lists who could end its wait, by the shortest path first.
	CouldEnd []Waker `json:"could_end,omitempty"`
	Stack    []Frame `json:"stack,omitempty"`
	Thread   int     `json:"thread,omitempty"` // id of the operating system's thread that runs it
}

// A Probe is a probed operation.
type Probe struct {
	Op   string `json:"op"`
	Expr string `json:"expr"`
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// A Hold is a lock that a goroutine holds.
type Hold struct {
	Lock    Object `json:"lock"`
	Probe   Probe  `json:"probe"`
	SinceNS int64  `json:"since_ns"`
	Read    bool   `json:"read,omitempty"`
}

// A Step of a history.
type Step struct {
	Probe Probe `json:"probe"`
	AgoNS int64 `json:"ago_ns"`
}

// Created is the go statement that started a goroutine.
type Created struct {
	Goroutine int64  `json:"goroutine,omitempty"`
	Func      string `json:"func"`
	File      string `json:"file"`
	Line      int    `json:"line"`
}

// A Frame of a stack.
type Frame struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// An Object is what an operation works on.
type Object struct {
	Kind string `json:"kind"`
	Type string `json:"type,omitempty"` // Go type
	Addr string `json:"addr,omitempty"`
	Expr string `json:"expr,omitempty"`
	Made *Fact  `json:"made,omitempty"`
	Len  *int   `json:"len,omitempty"`
	Cap  *int   `json:"cap,omitempty"`
	// Holders has at most maxHolders, and MoreHolders counts the others.
	Holders     []Holder `json:"holders,omitempty"`
	MoreHolders int      `json:"more_holders,omitempty"`
	LastSend    *Fact    `json:"last_send,omitempty"`
	LastRecv    *Fact    `json:"last_recv,omitempty"`
	Closed      *Fact    `json:"closed,omitempty"`
	// Cases are the cases of a select, and MoreCases counts those for which the record has no room.
	Cases       []Case `json:"cases,omitempty"`
	MoreCases   int    `json:"more_cases,omitempty"`
	Network     string `json:"network,omitempty"` // tcp, udp or unix
	Local       string `json:"local,omitempty"`
	Remote      string `json:"remote,omitempty"`
	Peer        string `json:"peer,omitempty"`
	Path        string `json:"path,omitempty"`
	Pid         int    `json:"pid,omitempty"`
	UnsentBytes *int   `json:"unsent_bytes,omitempty"`
	UnreadBytes *int   `json:"unread_bytes,omitempty"`
	// DeadlineNS is how long until the operation ends by itself; NoDeadline means that it never will. Without either
	// that is unknown.
	DeadlineNS *int64 `json:"deadline_ns,omitempty"`
	NoDeadline bool   `json:"no_deadline,omitempty"`
	// Owed is how many Dones a WaitGroup is owed.
	Owed *int `json:"owed,omitempty"`
}

// A Case of a select.
type Case struct {
	Object
	Dir string `json:"dir"`
}

// A Fact says who did something last. For a WaitGroup, LastSend is the last Add and LastRecv the last Done; for a Cond,
// LastSend is the last Signal or Broadcast.
type Fact struct {
	Goroutine int64  `json:"goroutine"`
	File      string `json:"file"`
	Line      int    `json:"line"`
	AgoNS     int64  `json:"ago_ns"`
	Exited    bool   `json:"exited,omitempty"`
}

// A Holder is a goroutine that holds a lock, or held it when it exited.
type Holder struct {
	Goroutine int64  `json:"goroutine"`
	File      string `json:"file"`
	Line      int    `json:"line"`
	SinceNS   *int64 `json:"since_ns,omitempty"`
	Exited    bool   `json:"exited,omitempty"`
	// Likely means that stacks, not the record, name the holder.
	Likely bool `json:"likely,omitempty"`
}

const maxHolders = 64
