package positions

import (
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A BinaryCount is about the line tables of functions: of each function the set of files and lines that have code.
type BinaryCount struct {
	Funcs int // functions of the plain program that were compared
	Lines int // files and lines with code in them, counted in each function
	// Probe counts the lines that have code with probes only, because a probe or an operand of one stands on them: the
	// default of a select, say, or the second line of a composite literal that is sent.
	Probe int
	// Missing are functions that one program has and the other does not.
	Missing []string
	// Wrong are lines that have code in one program only, and not because of a probe.
	Wrong []string
}

// Binaries compares the functions of two ELF files whose source keep selects. probes are the lines on which there are
// probes. Functions that the compiler makes for method values are not compared.
func Binaries(plain, probed string, keep func(file string) bool, probes map[Line]bool) (BinaryCount, error) {
	var c BinaryCount
	before, err := readLines(plain, keep)
	if err != nil {
		return c, err
	}
	after, err := readLines(probed, keep)
	if err != nil {
		return c, err
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] == nil {
			c.Missing = append(c.Missing, "with probes only: "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] == nil {
			c.Missing = append(c.Missing, "without probes only: "+name)
			continue
		}
		c.function(name, before[name], after[name], probes)
	}
	return c, nil
}

// function compares the lines of one function.
func (c *BinaryCount) function(name string, before, after, probes map[Line]bool) {
	c.Funcs++
	c.Lines += len(before)
	for _, l := range sorted(before) {
		if !after[l] {
			c.Wrong = append(c.Wrong, fmt.Sprintf("%s:%d: has no code any more in %s", l.File, l.Line, name))
		}
	}
	for _, l := range sorted(after) {
		switch {
		case before[l]:
		case probes[l]:
			c.Probe++
		default:
			c.Wrong = append(c.Wrong, fmt.Sprintf("%s:%d: has code in %s", l.File, l.Line, name))
		}
	}
}

func sorted(lines map[Line]bool) []Line {
	return slices.SortedFunc(maps.Keys(lines),
		func(a, b Line) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
}

// wrapper is how the compiler names what it makes of a go or defer statement. It numbers them, has none for a call
// without arguments, and hides them from stacks; their lines count as those of the function that the statement is in.
var wrapper = regexp.MustCompile(`(\.(defer|go)wrap[0-9]+)+$`)

// readLines reads the lines of each function that has a line in a file that keep selects.
func readLines(name string, keep func(string) bool) (map[string]map[Line]bool, error) {
	f, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := f.DWARF()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	funcs := map[string]map[Line]bool{}
	r := data.Reader()
	for {
		unit, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if unit == nil {
			return funcs, nil
		}
		if unit.Tag != dwarf.TagCompileUnit {
			r.SkipChildren()
			continue
		}
		ranges, err := unitFuncs(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := unitLines(data, unit, ranges, keep, funcs); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
}

// A funcRange is where the code of a function is.
type funcRange struct {
	low, high uint64
	name      string
}

// unitFuncs reads the functions of a compile unit, and leaves r behind it.
func unitFuncs(r *dwarf.Reader) ([]funcRange, error) {
	var list []funcRange
	for {
		e, err := r.Next()
		if err != nil {
			return nil, err
		}
		if e == nil || e.Tag == 0 {
			break
		}
		r.SkipChildren()
		low, ok := e.Val(dwarf.AttrLowpc).(uint64)
		name, named := e.Val(dwarf.AttrName).(string)
		if e.Tag != dwarf.TagSubprogram || !ok || !named {
			continue
		}
		switch high := e.Val(dwarf.AttrHighpc).(type) {
		case uint64:
			list = append(list, funcRange{low, high, name})
		case int64:
			list = append(list, funcRange{low, low + uint64(high), name})
		}
	}
	slices.SortFunc(list, func(a, b funcRange) int { return cmp.Compare(a.low, b.low) })
	return list, nil
}

// unitLines reads the line table of a compile unit.
func unitLines(data *dwarf.Data, unit *dwarf.Entry, ranges []funcRange, keep func(string) bool,
	funcs map[string]map[Line]bool) error {
	lines, err := data.LineReader(unit)
	if lines == nil || err != nil {
		return err
	}
	var e dwarf.LineEntry
	for {
		err := lines.Next(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		i, found := slices.BinarySearchFunc(ranges, e.Address,
			func(r funcRange, pc uint64) int { return cmp.Compare(r.low, pc) })
		if !found {
			i--
		}
		if e.EndSequence || e.Line == 0 || i < 0 || e.Address >= ranges[i].high || !keep(e.File.Name) {
			continue
		}
		f := wrapper.ReplaceAllString(ranges[i].name, "")
		if strings.HasSuffix(f, "-fm") { // made for a method value, on the line of the first one in the program
			continue
		}
		if funcs[f] == nil {
			funcs[f] = map[Line]bool{}
		}
		funcs[f][Line{e.File.Name, e.Line}] = true
	}
}
