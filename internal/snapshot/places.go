package snapshot

// Places maps equal probes to the first of them: a place may have several probes, which take long to compare. The zero
// value is ready for use.
type Places struct {
	of    map[*Probe]*Probe
	equal map[Probe]*Probe
}

// First returns the first probe equal to p.
func (m *Places) First(p *Probe) *Probe {
	is, ok := m.of[p]
	if !ok {
		if m.of == nil {
			m.of, m.equal = make(map[*Probe]*Probe), make(map[Probe]*Probe)
		}
		if is, ok = m.equal[*p]; !ok {
			is = p
			m.equal[*p] = p
		}
		m.of[p] = is
	}
	return is
}
