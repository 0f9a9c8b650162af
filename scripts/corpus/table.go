package main

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A row is a module and those of its tests that are run.
type row struct {
	name string // on our command line
	// path@version, or std for the standard library of the go command, where packages must name what gets probes
	module    string
	packages  []string
	run, skip string        // -run and -skip of go test
	why       string        // what is left out, and why
	flags     []string      // more flags of go test
	timeout   time.Duration // of each package; zero is defaultTimeout
	quick     bool          // is part of -quick
	known     []known
	serve     *server // a program of the module that is left idle for a while
}

const defaultTimeout = 10 * time.Minute

func (r *row) limit() time.Duration {
	if r.timeout == 0 {
		return defaultTimeout
	}
	return r.timeout
}

// std is the standard library, as a module of the table.
const std = "std"

// title is how the table names a row.
func (r *row) title() string {
	if r.module == std {
		return runtime.Version() + " " + strings.Join(r.packages, " ")
	}
	return r.module
}

// A known difference is one whose cause has been found, and is no fault of the probes.
type known struct {
	test   string // regular expression for all of a test's name
	reason string
}

// explains is the reason for a difference that is known, or "".
func (r *row) explains(d *difference) string {
	for _, k := range r.known {
		if regexp.MustCompile("^(" + k.test + ")$").MatchString(d.name) {
			return k.reason
		}
	}
	return ""
}

// A server is a program that waits for clients.
type server struct {
	program string // the package
	args    []string
}

// choose gives the rows that are named, or all, or those for -quick.
func choose(table []*row, names []string, quick bool) ([]*row, error) {
	var rows []*row
	for _, r := range table {
		if slices.Contains(names, r.name) || len(names) == 0 && (r.quick || !quick) {
			rows = append(rows, r)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(table, func(r *row) bool { return r.name == name }) {
			var known []string
			for _, r := range table {
				known = append(known, r.name)
			}
			return nil, fmt.Errorf("there is no row %q; the rows are %s", name, strings.Join(known, ", "))
		}
	}
	return rows, nil
}

// all is every package of a module.
var all = []string{"./..."}

// short leaves out what the tests themselves take for long.
var short = []string{"-short"}

// table has the standard library, then the modules, those with the shortest tests first.
var table = []*row{
	{name: "std-sync", module: std, packages: []string{"sync/...", "container/...", "database/sql", "net/rpc"},
		flags: short, quick: true},
	{name: "std-io", module: std, packages: []string{"context", "io", "bufio", "net/textproto"}, flags: short},
	{name: "std-http", module: std, packages: []string{"net/http/..."}, flags: short},
	{name: "std-net", module: std, packages: []string{"net", "crypto/tls"}, flags: short},
	{name: "std-os", module: std, packages: []string{"os", "os/exec", "os/signal", "time", "testing/...", "log/..."},
		flags: short},
	{name: "conc", module: "github.com/sourcegraph/conc@v0.3.0", packages: all, quick: true},
	{name: "backoff", module: "github.com/cenkalti/backoff/v4@v4.3.0", packages: all, flags: []string{"-vet=off"},
		quick: true},
	{name: "sync", module: "golang.org/x/sync@v0.24.0", packages: all, quick: true},
	{name: "puddle", module: "github.com/jackc/puddle/v2@v2.2.3", packages: all, quick: true},
	{name: "pond", module: "github.com/alitto/pond/v2@v2.7.1", packages: all},
	{name: "websocket", module: "github.com/gorilla/websocket@v1.5.3", packages: all, quick: true},
	{name: "ants", module: "github.com/panjf2000/ants/v2@v2.12.1", packages: all},
	{name: "zap", module: "go.uber.org/zap@v1.28.0", packages: all},
	{name: "memberlist", module: "github.com/hashicorp/memberlist@v0.7.0", packages: all},
	{name: "hashicorp-raft", module: "github.com/hashicorp/raft@v1.8.0", packages: all},
	{name: "etcd-raft", module: "go.etcd.io/raft/v3@v3.7.0", packages: all},
	{name: "etcd-client", module: "go.etcd.io/etcd/client/v3@v3.7.3", packages: all,
		why: "one test of yaml fails both ways: it needs certificates from another module of the repository"},
	{name: "bbolt", module: "go.etcd.io/bbolt@v1.5.0", packages: all, flags: short,
		why: "tests/failpoint fails both ways: it needs the source that gofail writes"},
	{name: "badger", module: "github.com/dgraph-io/badger/v4@v4.9.6", packages: all, flags: short},
	{name: "redis", module: "github.com/redis/go-redis/v9@v9.23.0",
		packages: []string{"./internal/...", "./maintnotifications/..."},
		why:      "the other packages need a Redis server"},
	{name: "fasthttp", module: "github.com/valyala/fasthttp@v1.77.0", packages: all, flags: short},
	{name: "quic", module: "github.com/quic-go/quic-go@v0.65.0", packages: all, flags: short},
	{
		name: "grpc", module: "google.golang.org/grpc@v1.85.0", flags: short,
		packages: []string{"./internal/transport/...", "./internal/grpcsync", "./internal/buffer", "./internal/idle",
			"./balancer/lazy", "./balancer/pickfirst/...", "./resolver/...", "./health/..."},
		why: "end-to-end tests (./test, ./xds) take half an hour; the packages are those that live from goroutines",
	},
	{
		name: "nats", module: "github.com/nats-io/nats-server/v2@v2.15.2",
		packages: []string{"./server", "./server/...", "./conf", "./logger", "./internal/..."},
		run: "^Test(Account|Auth|Client|Config|IPQueue|JWTUser|MemStore|Monitor|MQTTQoS|MQTTSub|NoAuth|Parse|Ping|Server|Split|Sublist|TLSClient|" +
			"JetStream(Basic|Pub|Add|Ephemeral|WorkQueue|Interest))",
		skip:    "OCSP|NoRace|Cluster|Bench",
		why:     "all of ./server takes an hour; these are of every part of it but the raft clusters",
		timeout: 20 * time.Minute,
		serve:   &server{".", []string{"-a", "127.0.0.1", "-p", "14222", "-m", "18222", "-js", "-sd", "nats-store"}},
	},
	{
		name: "mochi", module: "github.com/mochi-mqtt/server/v2@v2.7.9",
		packages: []string{".", "./config", "./hooks/auth", "./hooks/storage", "./listeners", "./mempool", "./packets",
			"./system"},
		why: "the other hooks need databases",
		serve: &server{"./cmd", []string{"--tcp", "127.0.0.1:11883", "--ws", "127.0.0.1:11882", "--info",
			"127.0.0.1:18080"}},
	},
}
