package rewrite

import (
	"go/types"
	"slices"
	"strings"
	"testing"
)

func TestProbeFuncPatterns(t *testing.T) {
	redis := callee{"github.com/redis/go-redis/v9", "Client", "Get"}
	for _, tc := range []struct {
		pattern string
		name    callee
		pkgName string
		want    bool
	}{
		{"github.com/redis/go-redis/v9.Client.Get", redis, "redis", true},
		{"github.com/redis/go-redis/v9.Client.*", redis, "redis", true},
		{"github.com/redis/go-redis/v9.*.Get", redis, "redis", true},
		{"github.com/redis/go-redis/v9.*.*", redis, "redis", true},
		{"go-redis/v9.Client.Get", redis, "redis", true},
		{"redis.Client.Get", redis, "redis", true},
		{"redis.Client.Set", redis, "redis", false},
		{"redis.Get", redis, "redis", false},
		{"redis.*", redis, "redis", false},
		{"dis.Client.Get", redis, "redis", false},
		{"github.com/redis/go-redis.Client.Get", redis, "redis", false},
		{"example.com/x.Func", callee{"example.com/x", "", "Func"}, "x", true},
		{"example.com/x.*", callee{"example.com/x", "", "Func"}, "x", true},
		{"example.com/x.Func", callee{"example.com/x", "Func", "Get"}, "x", false},
		{"gopkg.in/yaml.v3.Unmarshal", callee{"gopkg.in/yaml.v3", "", "Unmarshal"}, "yaml", true},
		{"gopkg.in/yaml.v3.Node.Decode", callee{"gopkg.in/yaml.v3", "Node", "Decode"}, "yaml", true},
		{"yaml.Node.Decode", callee{"gopkg.in/yaml.v3", "Node", "Decode"}, "yaml", true},
		{"x.A, x.B", callee{"example.com/x", "", "B"}, "x", true},
	} {
		p, err := parseProbeFuncs([]string{tc.pattern})
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		if got := p.matches(tc.name, tc.pkgName); got != tc.want {
			t.Errorf("%s matches %v: %v, want %v", tc.pattern, tc.name, got, tc.want)
		}
	}
}

func TestProbeFuncSyntax(t *testing.T) {
	for _, pattern := range []string{"", "Get", "net/http", "./x.Func", ".Func", "x.", "x..Get", "a//b.Func", "x.Get()",
		"(*http.Client).Do", "x.G*t", "x.A,,x.B", "/x.Func"} {
		if _, err := parseProbeFuncs([]string{pattern}); err == nil {
			t.Errorf("%q was taken", pattern)
		} else if !strings.Contains(err.Error(), "-probe-func") {
			t.Errorf("%q: the error does not name the flag: %v", pattern, err)
		}
	}
	if p, err := parseProbeFuncs(nil); p != nil || err != nil {
		t.Errorf("no patterns: %v, %v", p, err)
	}
}

func TestProbeFuncsUnused(t *testing.T) {
	pkgs := loadCatalogPackages(t)
	p, err := parseProbeFuncs([]string{"net/http.Get", "net/http.Client.Doo", "net/htttp.Get", "http.Server.*",
		"net.Dial"})
	if err != nil {
		t.Fatal(err)
	}
	if !p.matches(callee{"net", "", "Dial"}, "net") {
		t.Fatal("net.Dial does not match itself")
	}
	want := []string{
		`-probe-func: "net/http.Get": the instrumented source has no call of it`,
		`-probe-func: "net/http.Client.Doo": package net/http has no such function or method`,
		`-probe-func: "net/htttp.Get": the source imports no such package`,
		`-probe-func: "http.Server.*": the instrumented source has no call of it`,
	}
	if got := p.unused([]*types.Package{pkgs["net/http"]}); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
