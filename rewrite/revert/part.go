package revert

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// A Part is what was inserted for one site, or a half of it that stands on its own: pieces in source order. Between two
// pieces is text of the original with balanced brackets, so the next piece of a part is found by counting brackets. A
// part begins with a name of ours that has the number of its site, or with a token before that name.
//
//	mu.Lock()   =>   _at.Lock(&_atS1a2b3c4d[3], &mu)
//
//	pieces: "_at.Lock(&_atS1a2b3c4d[3], &" for "", ")" for ".Lock()"
type Part struct {
	Site   int // its place in the array of sites, or NoSite
	Pieces []Piece
}

// NoSite is the site of a part without one.
const NoSite = -1

// A Piece is inserted text, and the text that it replaced.
type Piece struct{ Text, Was string }

// A form is what parts have in common. In its pieces, $ stands for the number of the site and $$ for $.
type form struct {
	sites  []int // sorted
	pieces []Piece
}

// forms returns the forms of the parts of a file, in the order in which they first occur.
func forms(parts []Part, prefix, sites string) []form {
	var list []form
	index := map[string]int{}
	for _, p := range parts {
		if len(p.Pieces) == 0 {
			continue
		}
		pieces := make([]Piece, len(p.Pieces))
		for i, of := range p.Pieces {
			pieces[i] = Piece{generalize(of.Text, prefix, sites, p.Site), of.Was}
		}
		key := fmt.Sprintf("%t %q", p.Site == NoSite, pieces)
		at, ok := index[key]
		if !ok {
			at, index[key] = len(list), len(list)
			list = append(list, form{pieces: pieces})
		}
		if !slices.Contains(list[at].sites, p.Site) {
			list[at].sites = append(list[at].sites, p.Site)
		}
	}
	for _, of := range list {
		slices.Sort(of.sites)
	}
	return list
}

// generalize replaces the number of a site by $.
func generalize(text, prefix, sites string, site int) string {
	text = strings.ReplaceAll(text, "$", "$$")
	if site == NoSite {
		return text
	}
	number := regexp.MustCompile(fmt.Sprintf(`(%s\[|%s[%s])%d\b`, regexp.QuoteMeta(sites), prefix, runtime.LoopVars,
		site))
	return number.ReplaceAllString(text, "${1}$$")
}

// part returns the part of a form for one of its sites.
func (of form) part(site int) Part {
	p := Part{Site: site}
	for _, general := range of.pieces {
		p.Pieces = append(p.Pieces, Piece{specialize(general.Text, site), general.Was})
	}
	return p
}

func specialize(text string, site int) string {
	return anyDollar.ReplaceAllStringFunc(text, func(s string) string {
		if s == "$$" {
			return "$"
		}
		return strconv.Itoa(site)
	})
}

var anyDollar = regexp.MustCompile(`\$\$?`)

// String returns a form as the section has it: its sites, and for each piece its text and what it replaced.
//
//	0,3-5 "_at.Lock(&_atS1a2b3c4d[$], &" "" ")" ".Lock()"
func (of form) String() string {
	words := []string{ranges(of.sites)}
	for _, p := range of.pieces {
		words = append(words, strconv.Quote(p.Text), strconv.Quote(p.Was))
	}
	return strings.Join(words, " ")
}

// parseForm parses the result of form.String.
func parseForm(line string) (form, error) {
	sites, rest, _ := strings.Cut(line, " ")
	var of form
	var err error
	if of.sites, err = parseRanges(sites); err != nil {
		return of, err
	}
	var words []string
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return of, fmt.Errorf("%q is not quoted", rest)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return of, err
		}
		words, rest = append(words, word), rest[len(quoted):]
	}
	if len(words) == 0 || len(words)%2 != 0 {
		return of, fmt.Errorf("%d words, want pairs", len(words))
	}
	for i := 0; i < len(words); i += 2 {
		of.pieces = append(of.pieces, Piece{words[i], words[i+1]})
	}
	return of, nil
}

// ranges formats a sorted list of sites, such as 0,3-5, or - for NoSite.
func ranges(sites []int) string {
	var b strings.Builder
	for i := 0; i < len(sites); {
		if sites[i] == NoSite {
			return "-"
		}
		last := i
		for last+1 < len(sites) && sites[last+1] == sites[last]+1 {
			last++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(sites[i]))
		if last > i {
			fmt.Fprintf(&b, "-%d", sites[last])
		}
		i = last + 1
	}
	return b.String()
}

// maxSites bounds the result of parseRanges: no file has more operations.
const maxSites = 1 << 20

func parseRanges(text string) ([]int, error) {
	if text == "-" {
		return []int{NoSite}, nil
	}
	var sites []int
	for _, word := range strings.Split(text, ",") {
		from, to, several := strings.Cut(word, "-")
		first, err := strconv.Atoi(from)
		last := first
		if several && err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil || first < 0 || last < first || last-first+len(sites) > maxSites {
			return nil, fmt.Errorf("%q is not a list of sites", text)
		}
		for ; first <= last; first++ {
			sites = append(sites, first)
		}
	}
	return sites, nil
}
