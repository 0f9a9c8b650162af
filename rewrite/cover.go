package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
)

// Covered inserts the probes of f into cmd/cover's output for the same original text, so that its counters are those of
// the original:
//
//	goCover_1a2b_0[3] = 1;_at.Lock(&_atS1a2b3c4d[0], &/*line :7:2*/mu)      // mu.Lock()
//
// The names of cover's variables begin with counter (its -var). f must have been made with Config.Spans. Covered fails
// on output of cover that it does not understand.
func (f *File) Covered(original, covered []byte, counter string) ([]byte, error) {
	added, head, tail, err := coverage(original, covered, counter)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(head)
	done := 0 // f.Text[:done] is written
	for _, kept := range f.Kept {
		out.Write(f.Text[done:kept.Off])
		done = kept.Off
		end := kept.Was + kept.End - kept.Off
		// A counter at the place of a probe goes before the probe, at the end of the kept text before it.
		for len(added) > 0 && added[0].off <= end {
			at := kept.Off + added[0].off - kept.Was
			if at < done {
				return nil, fmt.Errorf("%s: a cmd/cover counter is inside a probe", f.Name)
			}
			out.Write(f.Text[done:at])
			out.WriteString(added[0].text)
			done, added = at, added[1:]
		}
		out.Write(f.Text[done:kept.End])
		done = kept.End
	}
	if len(added) > 0 {
		return nil, fmt.Errorf("%s: a cmd/cover counter is inside a probe", f.Name)
	}
	out.Write(f.Text[done:])
	out.Write(tail)
	return out.Bytes(), nil
}

// An addition is a text that cmd/cover inserted at an offset of the original.
type addition struct {
	off  int
	text string
}

var errCover = errors.New("cannot parse the output of cmd/cover in this Go release; measure coverage without " +
	"awaittrace")

// coverage splits cmd/cover's output for a text: a //line directive before the text, the additions to it, and what
// follows it. It knows what cover adds, and all else must be the original: see (*File).Visit, postFunc and annotateFile
// in cmd/cover/cover.go.
func coverage(original, covered []byte, counter string) (added []addition, head, tail []byte, err error) {
	first := bytes.IndexByte(covered, '\n') + 1
	head, covered = covered[:first:first], covered[first:]
	if bytes.HasPrefix(covered, original) { // nothing to count
		return nil, head, covered[len(original):], nil
	}
	closed, err := elseEnds(original)
	if err != nil {
		return nil, nil, nil, err
	}
	add := additions(counter)
	for off := 0; off <= len(original); off++ {
		var text []byte
		for ; closed[off] > 0 && bytes.HasPrefix(covered, []byte("}")); closed[off]-- {
			text, covered = append(text, '}'), covered[1:]
		}
		if off == len(original) {
			return added, head, covered, nil
		}
		for {
			n := len(add.Find(covered))
			if n == 0 && len(covered) > 0 && covered[0] == '{' && original[off] != '{' {
				n = 1 // the block around what follows an else
			}
			if n == 0 {
				break
			}
			text, covered = append(text, covered[:n]...), covered[n:]
		}
		if len(text) > 0 {
			added = append(added, addition{off, string(text)})
		}
		if len(covered) == 0 || covered[0] != original[off] {
			return nil, nil, nil, errCover
		}
		covered = covered[1:]
	}
	return nil, nil, nil, errCover
}

// additions matches what cover adds, apart from blocks: imports, the registration of a function, and counters, in each
// mode.
func additions(counter string) *regexp.Regexp {
	variable := regexp.QuoteMeta(counter) + `_[0-9]+\[[0-9]+\]`
	value := `(?:[0-9]+|uint32\([0-9]+\)|` + regexp.QuoteMeta(counter) + `P)`
	return regexp.MustCompile(`^(?:; import (?:_cover_atomic_ "sync/atomic"|_ "runtime/coverage")` +
		`|` + variable + `(?: = ` + value + `|\+\+)(?: ; |;)` +
		`|_cover_atomic_\.(?:Add|Store)Uint32\(&` + variable + `, ` + value + `\)(?: ; |;))`)
}

// elseEnds counts, by offset, the ends of what follows an else: cover wraps that in a block.
func elseEnds(text []byte) (map[int]int, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	ends := map[int]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return n.Name.Name != "_" // which cover skips
		case *ast.IfStmt:
			if n.Else != nil {
				ends[fset.PositionFor(n.Else.End(), false).Offset]++
			}
		}
		return true
	})
	return ends, nil
}
