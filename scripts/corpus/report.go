package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// writeTable writes what came of the rows as a table in Markdown, and below it the differences.
func writeTable(w io.Writer, outcomes []*outcome) {
	fmt.Fprintln(w, "| module | packages | tests passing, plain | with probes | differences | leave goroutines stuck "+
		"| probes | time, plain | with probes |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, o := range outcomes {
		if o.plain == nil || o.probed == nil {
			fmt.Fprintf(w, "| %s | | | | could not be run | | | | |\n", o.row.title())
			continue
		}
		all, left := o.left()
		fmt.Fprintf(w, "| %s | %d | %d | %d | %s | %d | %d | %s | %s |\n", o.row.title(), o.plain.packages,
			o.plain.passing(), o.probed.passing()+all,
			o.told(), left, o.probes, seconds(o.plain.elapsed), seconds(o.probed.elapsed))
	}
	for _, o := range outcomes {
		for _, err := range []error{o.absent, o.failed} {
			if err != nil {
				fmt.Fprintf(w, "\n%s: %v\n", o.row.name, err)
			}
		}
		for _, d := range o.differences {
			if d.left == "" || o.probed.left[d.test] != "" {
				fmt.Fprintf(w, "\n%s: %v\n", o.row.name, d)
			}
		}
		if o.idle != "" {
			fmt.Fprintf(w, "\n%s: the server, idle with probes: %s\n", o.row.name, o.idle)
		}
	}
}

// left counts the tests that would pass but for goroutines that are left stuck, by themselves or by a subtest, and
// among them those that leave them.
func (o *outcome) left() (all, own int) {
	for _, d := range o.differences {
		if d.left == "" || d.name == "" {
			continue
		}
		all++
		if o.probed.left[d.test] != "" {
			own++
		}
	}
	return all, own
}

// told is how many tests differ otherwise, and whether that is explained.
func (o *outcome) told() string {
	n, open := 0, 0
	for _, d := range o.differences {
		if d.left != "" {
			continue
		}
		n++
		if d.reason == "" {
			open++
		}
	}
	switch {
	case n == 0:
		return "0"
	case open == 0:
		return fmt.Sprintf("%d, explained", n)
	default:
		return fmt.Sprintf("%d, %d UNEXPLAINED", n, open)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// writeRows lists rows: what they run, and what they leave out.
func writeRows(w io.Writer, rows []*row) {
	for _, r := range rows {
		fmt.Fprintf(w, "%s: %s %s\n", r.name, r.title(), strings.Join(append(r.flags, r.packages...), " "))
		if r.why != "" {
			fmt.Fprintf(w, "\t%s\n", r.why)
		}
	}
}
