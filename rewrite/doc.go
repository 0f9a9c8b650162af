// Package rewrite puts probes into Go source: around every operation that can wait, it writes a call of the collector.
//
// Its goals, in this order: the program does what it did before (evaluation order, panics, labels, types, positions of
// every statement); every operation that can have a probe has one; every other one is listed with the reason; the same
// input gives the same output, byte for byte.
//
// # How it works
//
// [Instrument] gets the packages from package load, one after the other. It skips files that the cache knows, and
// declarations with nothing to probe. It decorates every other declaration into a dst tree, and walks it once, outer
// nodes first. Every rule sees every node. A rule reads the tree (the node, its ancestors, its comments) and the types,
// and records edits; it never changes the tree. Edits are byte splices into the original text that never add or remove
// a newline. After each splice, a directive
//
//	/*line :L:C*/
//
// gives the text that follows its original position. The file name in it is empty: the compiler keeps the one that it
// has, so that positions are right with -trimpath, in cgo files, and below //line directives of the file's own.
//
// All inserted names begin with one prefix, normally _at, with which no identifier of the package begins:
//
//	package p; import _at "debug"                        the collector, on the line of the package clause
//	_at.Lock(&_atS1a2b3c4d[0], &/*line :7:2*/mu)         a probe; before: mu.Lock()
//	var _atS1a2b3c4d = [...]_at.Site{…}                  at the end of the file: the sites, as static data
//
// # In a tree
//
// That is the form of an overlay, which nobody edits. In a tree (Config.Revertible) people edit the text, tools format
// it, and package revert takes the probes out again. There the same edits have no directives. A file that was formatted
// is formatted again, and directives on lines of their own restore the numbers of lines after those that gofmt has
// added (layout.go). The file ends with a section that lists what was inserted and what it replaced (section.go,
// part.go). It lists forms, not places, and revert finds each probe by its tokens, so code may be moved, copied,
// deleted or formatted.
//
// The sites of a file are a package variable. Variables that an initializer reaches affect the order of
// initialization, so the sites of a package may all have to be in its first file: see host.
//
// # How a rule is written
//
// Each idea has one file. A rule is a value of type rule, listed in rules (engine.go):
//
//   - hint looks cheaply at a node of the plain syntax tree: may the rule apply? A declaration without any such node is
//     not decorated at all.
//   - visit is called for each dst node. It asks file.site for a place in the sites. In code that is left alone,
//     file.site returns false and lists the operation as skipped. With the site, visit calls open, close and replace,
//     and begin before edits that revert may take out on their own. For an operation that cannot have a probe it calls
//     file.skip with a reason. It calls claim for an operation that other rules must leave alone.
//
// A rule may look at the types, at its own file, and at declarations in other files of the package, but never at
// function bodies in other files. The cache keeps what it finds on that condition (run.go), so that after an edit in a
// body the other files need no second look. All that a rule leaves for the writing, an edit or a site, must be in
// found.go.
//
// At one offset, closings go first (the inner one before the outer), then openings (the outer before the inner), then a
// replacement. The order of the calls ensures that: the rules for a node run before those for the nodes inside it.
//
// The compiler gives a call the position of its opening parenthesis. If that was on another line than the text before
// which the probe is inserted, the rule writes file.at first.
//
// # Known limits
//
//   - In ch <- v with a v that is converted to the element type, all of ch is evaluated before v. The compiler
//     evaluates the calls in v before what is no call in ch. The language leaves that order open.
//   - A comma-ok receive into a field or an element of a named boolean type has no probe: no function can return that
//     type without its name, and only from a variable can the type be inferred.
//   - A call for I/O begins before its arguments are evaluated: an argument that waits itself shows as an operation
//     inside it.
//   - A call through a variable of a function type has no probe of its own. A function of the catalog gets one where it
//     is stored in the variable (iovalue.go), unless no probe of the collector has its number of parameters or results.
//   - A Go file that the program embeds has no probes: they would be in the data, too (embedded.go).
//   - In cgo files, operations on values whose type comes from C have no probe.
//   - In a tree, a stack trace shows the probe of an operation over several lines on the line where the operation
//     begins. The site has the same position as in an overlay.
package rewrite
