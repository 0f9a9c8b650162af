package rewrite

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// ended returns, as flags of a site, what can end the call of c with these arguments: see SiteContext, SiteBounded and
// SiteUnbounded. It returns 0 if the function around the call does not show it.
func (f *file) ended(c *ioCallee, args []ast.Expr) uint16 {
	if c.function() && strings.HasSuffix(c.name.name, "Timeout") {
		return runtime.SiteBounded
	}
	for i := range c.sig.Params().Len() {
		if pkg, name := typeName(c.sig.Params().At(i).Type()); pkg != "context" || name != "Context" {
			continue
		}
		if i < len(args) {
			return runtime.SiteContext | f.boundOf(args[i], 0)
		}
		return runtime.SiteContext
	}
	if c.row.flags&runtime.SiteRequest == 0 {
		return 0
	}
	return f.endedWithout(c, args)
}

// endedWithout is ended for a request whose parameters have no context.
func (f *file) endedWithout(c *ioCallee, args []ast.Expr) uint16 {
	switch c.name.pkg {
	// The kernel, the resolver, or a deadline of the connection ends these.
	case "net", "crypto/tls", "net/smtp", "net/textproto", "log/syslog":
		return 0
	case "os/exec":
		if c.x == nil {
			return 0
		}
		return f.boundOf(c.x, 0)
	case "net/http":
		return f.endedHTTP(c, args)
	case "database/sql":
		// The context of the call that made it ends it.
		if c.name.recv == "Row" || c.name.recv == "Rows" || c.name.recv == "Tx" {
			return 0
		}
	}
	return runtime.SiteUnbounded
}

// endedHTTP is ended for a request of package net/http, where a client has a timeout and a request a context.
func (f *file) endedHTTP(c *ioCallee, args []ast.Expr) uint16 {
	client := uint16(runtime.SiteUnbounded) // of the package's functions
	if !c.function() {
		client = f.boundOf(c.x, 0)
	}
	switch c.name.name {
	case "Get", "Head", "Post", "PostForm":
		return client
	case "Do", "RoundTrip":
	default:
		return 0
	}
	if client == runtime.SiteBounded || len(args) == 0 {
		return client
	}
	request := f.boundOf(args[0], 0)
	if request&runtime.SiteUnbounded != 0 && client != runtime.SiteUnbounded {
		return request &^ runtime.SiteUnbounded
	}
	return request
}

// boundOf returns what the value e bounds a call with: a context, a request or command that has one, or an HTTP client.
func (f *file) boundOf(e ast.Expr, depth int) uint16 {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return agreed(f, e, depth, f.boundOf)
	case *ast.UnaryExpr:
		return f.boundOf(e.X, depth)
	case *ast.CompositeLit:
		return f.boundOfClient(e)
	case *ast.SelectorExpr:
		if v, ok := f.pkg.Info.Uses[e.Sel].(*types.Var); ok && v.Pkg() != nil && v.Pkg().Path() == "net/http" &&
			v.Name() == "DefaultClient" {
			return runtime.SiteUnbounded
		}
	case *ast.CallExpr:
		return f.boundOfCall(e, depth)
	}
	return 0
}

// boundOfClient is boundOf for &http.Client{…}.
func (f *file) boundOfClient(lit *ast.CompositeLit) uint16 {
	if pkg, name := typeName(f.pkg.Info.TypeOf(lit)); pkg != "net/http" || name != "Client" {
		return 0
	}
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			return 0
		}
		switch key, _ := kv.Key.(*ast.Ident); key.Name {
		case "Timeout":
			return runtime.SiteBounded
		case "Transport": // a transport may have timeouts of its own
			return 0
		}
	}
	return 0 // a field may be set later
}

// boundOfCall is boundOf for the result of a function.
func (f *file) boundOfCall(call *ast.CallExpr, depth int) uint16 {
	fn := f.calls(call)
	if fn == nil || depth >= maxOrigin {
		return 0
	}
	arg := func(i int) uint16 {
		if i >= len(call.Args) {
			return 0
		}
		return f.boundOf(call.Args[i], depth+1)
	}
	switch fn.FullName() {
	case "context.Background", "context.TODO", "context.WithoutCancel":
		return runtime.SiteUnbounded
	case "context.WithTimeout", "context.WithTimeoutCause", "context.WithDeadline", "context.WithDeadlineCause":
		return runtime.SiteBounded
	case "context.WithValue":
		return arg(0)
	case "os/exec.Command":
		return runtime.SiteUnbounded
	case "net/http.NewRequest", "net/http/httptest.NewRequest":
		return runtime.SiteUnbounded
	case "os/exec.CommandContext", "net/http.NewRequestWithContext", "net/http/httptest.NewRequestWithContext",
		"(*net/http.Request).WithContext", "(*net/http.Request).Clone":
		return runtime.SiteContext | arg(0)
	}
	return 0
}
