package rewrite

// A Go file that the program embeds (//go:embed *.go) is data to it, which probes would change: the go command embeds
// the text of the overlay. So such a file stays as it is, and its operations are listed.
const (
	embeddedReason = "//go:embed embeds the file"
	// afterEmbedded is the reason for the files after an embedded one that would have to hold their sites: see
	// host.
	afterEmbedded = "//go:embed embeds the first file of the package, and probes in the others would change the " +
		"order of initialization"
)

// drop removes all edits, and lists the operations that had a probe.
func (f *file) drop(reason string) {
	for _, s := range f.sites {
		f.skipped = append(f.skipped, Skip{f.fset.PositionFor(s.pos, false), s.op, s.expr, reason})
	}
	f.list, f.parts, f.sites = nil, nil, nil
	clear(f.kept)
}
