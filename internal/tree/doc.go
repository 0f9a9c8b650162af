// Package tree writes instrumented source to disk, as a copy or in place, and takes it back.
//
// Goals: foreign folders are never touched; nothing is half-written; after a call was killed at any moment, Revert
// brings back every file; an edit of an instrumented file is never lost.
//
// A copy (Copy) is made in a folder beside its place and renamed when it is complete. In place (Write), a journal in
// the user's cache comes first: the original text of each file, and the hashes of both of its texts. Then the collector
// is put into the tree, all new texts are written beside the files, and only when all of them are on disk are they
// renamed over the files. Revert needs the journal only for speed and certainty: the probes can be taken out of the
// text itself (package rewrite/revert), which is what happens to a file that was edited, and in a tree that came from
// elsewhere.
//
// Known limits: the owner of a file is not restored when another user instruments it, nor are hard links. Files that
// are symbolic links are not written in place.
package tree
