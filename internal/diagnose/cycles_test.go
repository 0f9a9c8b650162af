package diagnose

import (
	"slices"
	"testing"
)

// TestShortest checks that, of the cycles of a component, the shortest is reported, of several the one with the fewest
// guesses, and then the one with the smallest goroutines, in whatever order the edges are.
func TestShortest(t *testing.T) {
	const n = 6 // node 6 is a lock
	tests := []struct {
		name    string
		edges   [][]int
		guesses map[[2]int]int
		want    []int
	}{
		{"itself", [][]int{{1, 2}, {2}, {2, 0}}, nil, []int{2}},
		{"two of three", [][]int{{1, 2}, {2}, {0}}, nil, []int{0, 2}},
		{"a lock is no step", [][]int{{6}, {2}, {0, 1}, nil, nil, nil, {1, 2}}, nil, []int{0, 2}},
		{"facts before guesses", [][]int{{1, 2}, {0}, {0}}, map[[2]int]int{{0, 1}: 1}, []int{0, 2}},
		{"shorter before facts", [][]int{{1}, {0, 2}, {0}}, map[[2]int]int{{1, 0}: 1}, []int{0, 1}},
		{"not likewise", [][]int{{1, 2}, {0}, {3}, {0}}, map[[2]int]int{{0, 1}: -1}, []int{0, 2, 3}},
		{"smallest", [][]int{{3, 1}, {2}, {0, 1}, {0}}, nil, []int{0, 3}},
		{"smallest but one", [][]int{{1}, {2, 4}, {3, 1}, {0}, {1}}, nil, []int{1, 2}},
		{"fewest on the way", [][]int{{1, 2, 3}, {4}, {4}, {4}, {5}, {0}}, map[[2]int]int{{0, 1}: 1, {2, 4}: 1},
			[]int{0, 3, 4, 5}},
		{"nothing but likewise", [][]int{{1}, {0}}, map[[2]int]int{{0, 1}: -1}, []int{0, 1}},
	}
	for _, tt := range tests {
		var nodes []int
		for at, to := range tt.edges {
			if len(to) > 0 {
				nodes = append(nodes, at)
			}
		}
		for range 2 {
			got := shortest(n, tt.edges, nodes, func(i, j int) int { return tt.guesses[[2]int{i, j}] })
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v: got %v, want %v", tt.name, tt.edges, got, tt.want)
			}
			for _, to := range tt.edges {
				slices.Reverse(to)
			}
		}
	}
}
