package rewrite

import (
	"go/ast"
	"regexp"
	"strconv"
	"strings"
)

// What is inserted is delimited by comments that begin with the prefix of the package, so that there is one way to take it out again, also
// after the text around it was edited. A splice begins with its marker and ends with its last directive:
//
//	/*_at:<-*/_at.Recv(&_atS1a2b3c4d[0], /*line :3:4*/
//
// A plus for each directive inside of the splice stands before the colon. The text after it is what the splice replaced; it is quoted, after = instead
// of the colon, where it would end the comment.
const (
	versionMark        = "version" // the two lines that follow were added
	sitesMark          = "sites"   // an empty line before it, and all lines up to endMark, were added
	sitesMarkNoNewline = "sites-"  // the same, and the file did not end with a newline
	endMark            = "end"
)

// marker begins a splice that puts text in place of was.
func (n names) marker(was, text string) string {
	b := "/*" + string(n) + strings.Repeat("+", countDirectives(text))
	if strings.Contains(was, "*/") {
		return b + "=" + strings.ReplaceAll(strconv.Quote(was), "/", `\x2f`) + "*/"
	}
	return b + ":" + was + "*/"
}

// mark is a comment line of ours.
func (n names) mark(what string) string { return "//" + string(n) + ":" + what }

// directiveComment matches a directive of the form that we write.
var directiveComment = regexp.MustCompile(`^/\*line :[0-9]+:[0-9]+\*/$`)

func countDirectives(text string) int {
	n := 0
	for _, c := range scanComments([]byte(text)) {
		if directiveComment.MatchString(c.text) {
			n++
		}
	}
	return n
}

// markerNames lists the prefixes that comments of a file begin with as if they were ours.
func markerNames(groups []*ast.CommentGroup) (list []string) {
	for _, group := range groups {
		for _, c := range group.List {
			if text := c.Text[len("//"):]; strings.HasPrefix(text, "_at") {
				list = append(list, text)
			}
		}
	}
	return list
}
