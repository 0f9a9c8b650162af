package rewrite

import (
	"go/types"

	"github.com/dave/dst"
)

// noElem returns why the element type of a channel cannot be inferred from the channel, or "".
func (f *file) noElem(ch dst.Expr) string {
	t := f.typeOf(ch)
	if t == nil {
		return "the channel type comes from C"
	}
	if chanOf(t) == nil {
		return "the type parameter's channels have different element types"
	}
	return ""
}

// chanOf returns the channel type that t is. For a type parameter it returns one of its channel types, if all have the
// same elements; the source uses only operations that all of them permit. Otherwise it returns nil.
func chanOf(t types.Type) *types.Chan {
	if ch, ok := t.Underlying().(*types.Chan); ok {
		return ch
	}
	p, ok := types.Unalias(t).(*types.TypeParam)
	if !ok {
		return nil
	}
	var common *types.Chan
	for term := range terms(p.Constraint()) {
		ch, ok := term.Underlying().(*types.Chan)
		if !ok || common != nil && !types.Identical(common.Elem(), ch.Elem()) {
			return nil
		}
		common = ch
	}
	return common
}

// terms iterates over the types that a constraint lists.
func terms(t types.Type) func(yield func(types.Type) bool) {
	return func(yield func(types.Type) bool) { eachTerm(t, yield) }
}

func eachTerm(t types.Type, yield func(types.Type) bool) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		for i := range u.NumEmbeddeds() {
			if !eachTerm(u.EmbeddedType(i), yield) {
				return false
			}
		}
		return true
	}
	if u, ok := types.Unalias(t).(*types.Union); ok {
		for i := range u.Len() {
			if !eachTerm(u.Term(i).Type(), yield) {
				return false
			}
		}
		return true
	}
	return yield(t)
}
