package main

func init() {
	add("line-directive", lineDirectives)
}

func lineDirectives() {
	ch := buf()
//line /made/up/template.tmpl:100
	ch <- n(1)
	ch <- n(
		2)
//line relative.tmpl:7:3
	for v := range closed(1) {
		say(v, n(<-ch))
	}
	/*line inline.tmpl:50:1*/ ch <- n(3)
	ch <- n(4) /*line other.tmpl:60*/
	ch <- n(5)
	try("in a template", func() {
		closed() <- 1
	})
	select {
//line clause.tmpl:1
	case v := <-ch:
		say(v)
	}
//line linedirective.go:33
	drain(ch)
}
