package gocmd

import "fmt"

// DidYouMean returns the end of an error message about name: `; did you mean run?`. It is empty if none of names is
// like it.
func DidYouMean(name string, names []string) string {
	best, least := "", 1+max(1, len(name)/3) // one in three may be wrong
	for _, n := range names {
		if d := distance(name, n); d < least {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance returns the number of insertions, deletions, replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	var before, last, row []int // the two rows before this one
	for j := range len(b) + 1 {
		last = append(last, j)
	}
	for i := range len(a) {
		row = []int{i + 1}
		for j := range len(b) {
			d := last[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return last[len(b)]
}
