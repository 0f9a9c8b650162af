// Package rewrite puts probes into Go source: around every operation that can wait, it writes a call of the collector.
//
// Goals, in this order: the program does what it did before (evaluation order, panics, labels, types, positions of
// every statement); every operation that can have a probe has one; every other one is listed with the reason; the
// output is the same, byte for byte, for the same input.
//
// # How it works
//
// [Instrument] has package load give it the packages, one after the other. It decorates each declaration in which there is something
// to probe, of a file of which the cache does not know what is in it, into a dst tree, and walks it once, outer nodes first. Every node is shown to every
// rule. A rule reads the tree (the node, its ancestors, its comments) and the types, and records edits; it never changes the tree. Edits are byte
// splices into the original text that never add or remove a newline, and after each splice a directive
//
//	/*line :L:C*/
//
// gives the text that follows its original position. The file name in it is empty: the compiler keeps the one that it has, so
// that positions are right with -trimpath, in cgo files, and below //line directives of the file's own.
//
// Everything that is inserted begins with one prefix, normally _at, that no identifier of the package begins with:
//
//	package p; import _at "debug"                        the collector, on the line of the package clause
//	_at.Send(&_atS1a2b3c4d[0], /*line :7:2*/ch , v)      a probe; before: ch <- v
//	var _atS1a2b3c4d = [...]_at.Site{{…}}                at the end of the file: the sites, as static data
//
// # In a tree
//
// That is the form of an overlay, which nobody edits. In a tree (Config.Revertible) people edit the text, tools format it, and package revert takes the probes out again. There
// the same edits are made without the directives; a file that was formatted is formatted again, and directives in lines of their own give what follows a line
// that gofmt has added its number back (layout.go). The file ends with a section that lists what was inserted and what had been there (section.go, part.go). It is a
// list of forms, not of places, and revert finds each probe by its tokens: code may be moved, copied, deleted or formatted.
//
// The site array is a package variable, and what an initializer reaches decides when it is initialized itself: render.go says why the arrays
// of a package may all stand in its first file.
//
// # How a rule is written
//
// One file per idea. A rule is a value of type rule, listed in rules (engine.go):
//
//   - hint is a cheap look at a node of the plain syntax tree: may the rule apply? A declaration in which no hint says yes
//     is not decorated at all.
//   - visit is called for each dst node. It asks file.site for a place in the site array, which at once says no, and lists the
//     operation as skipped, where it stands in code that is left alone. With the site in hand it calls open, close and
//     replace (and begin, where what follows stands on its own when it is taken out); what cannot be written goes to file.skip with a reason. An operation that another rule has dealt with
//     is marked with claim.
//
// A rule may look at the types, at its own file, and at what other files of the package declare; never at bodies of functions in other
// files. What it finds is kept in a cache on that condition (run.go), so that after an edit in a body the other files need no second look. What
// it leaves for the writing, an edit or a site, must be in found.go as a whole.
//
// At one offset, closings go first (the inner one before the outer), then openings (the outer before the inner), then a
// replacement. The order of the calls takes care of that: a rule that is shown a node runs before the rules for the nodes inside it.
//
// The compiler gives a call the position of its opening parenthesis. Where that was on another line than the
// text before which the probe is inserted, the rule writes file.at first.
//
// # Known limits
//
//   - In ch <- v with a v that is converted to the element type, all of ch is evaluated before v; the compiler evaluates what is
//     no call in ch after the calls in v. The language leaves that order open.
//   - A comma-ok receive into a field or an element of a named boolean type has no probe: no function can return that type without
//     its name, and only of a variable the type can be inferred.
//   - A call for I/O begins before its arguments are evaluated: an argument that waits itself shows as an operation inside of it.
//   - A call through a variable of a function type has no probe of its own. What the catalog lists has one where it is
//     stored in the variable (iovalue.go), unless it has more parameters or results than the collector has a probe for.
//   - A Go file that the program embeds has no probes: they would be in the data, too (embedded.go).
//   - In cgo files, operations on values whose type comes from C have no probe.
//   - In a tree, the probe of an operation that is written over several lines has the line on which the operation begins, in a stack trace; the
//     site has the same position as in an overlay.
package rewrite
