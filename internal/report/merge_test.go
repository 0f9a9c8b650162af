package report

import "testing"

func TestMerge(t *testing.T) {
	doc := func() *Document {
		return &Document{
			Complete: true, Counts: Counts{Goroutines: 2, Leaked: 1},
			Findings: []Finding{{Kind: "leak", Goroutines: []int64{7}, Root: 7, Growth: &Growth{Count: 3}}},
			Goroutines: []Goroutine{
				{ID: 7, CreatedBy: &Created{Goroutine: 8}, WaitsOn: &Object{Holders: []Holder{{Goroutine: 8}}}},
				{ID: 8},
			},
		}
	}
	m := Merge("go test", []*Document{doc(), doc()})
	if m.Counts.Goroutines != 4 || m.Counts.Leaked != 2 || !m.Complete || len(m.Findings) != 2 ||
		len(m.Goroutines) != 4 {
		t.Fatalf("%+v", m)
	}
	for i, want := range []int64{7, 1000007} {
		f, g := m.Findings[i], m.Goroutines[2*i]
		if f.Root != want || f.Goroutines[0] != want || g.ID != want || g.CreatedBy.Goroutine != want+1 ||
			g.WaitsOn.Holders[0].Goroutine != want+1 || f.Growth.Count != 3 {
			t.Errorf("%+v, %+v; want %d", f, g, want)
		}
	}
}
