import assert from "node:assert/strict";
import { test } from "node:test";
import { listening, marks, program, programs, Report, rows, siteIn, siteOf, verdict } from "../src/report";

const deadlock: Report = {
  process: { pid: 4711, exe: "/bin/hang", state: "live" },
  counts: { goroutines: 7, deadlock: 6, stuck: 0, idle: 1, ok: 0 },
  findings: [
    {
      kind: "deadlock",
      certainty: "certain",
      goroutines: [20, 21],
      root: 21,
      title: "goroutines 20 and 21 wait for each other",
      why: [
        "goroutine 20 waits for mutex s.mu at /src/my app/main.go:46 (main.(*shop).collect: s.mu.Lock()) for 4.2s",
        "mutex s.mu is held by goroutine 21 for 4.2s, taken at /src/my app/main.go:36 (main.(*shop).worker)",
        "proven: nothing that goes on can wake them",
      ],
      fix: "unlock mutex s.mu, locked at /src/my app/main.go:36, before /src/my app/main.go:38",
    },
    { kind: "leak", certainty: "likely", goroutines: [30], title: "goroutine 30 sends to chan c at /src/leak.go:9 for 3s" },
    { kind: "busy", certainty: "possible", goroutines: [], title: "something computes" },
  ],
  goroutines: [
    { id: 20, verdict: "deadlock", probe: { expr: "s.mu.Lock()", func: "main.(*shop).collect", file: "/src/my app/main.go", line: 46 } },
    { id: 21, verdict: "deadlock", probe: { expr: "s.quotes <- q", func: "main.(*shop).worker", file: "/src/my app/main.go", line: 38 } },
    { id: 30, verdict: "leaked" },
  ],
};

test("a line names a place", () => {
  assert.deepEqual(siteIn(deadlock.findings[0].why![0]), { file: "/src/my app/main.go", line: 46 });
  assert.deepEqual(siteIn("before C:\\src\\x.go:7: close it"), { file: "C:\\src\\x.go", line: 7 });
  assert.deepEqual(siteIn("goroutine 7 is at home at a.go:3 (main.f at b.go:4)"), { file: "a.go", line: 3 });
  assert.equal(siteIn("nobody knows where x.goes:1"), undefined);
});

test("a finding is where its root is", () => {
  assert.deepEqual(siteOf(deadlock, deadlock.findings[0]), { file: "/src/my app/main.go", line: 38 });
  assert.deepEqual(siteOf(deadlock, deadlock.findings[1]), { file: "/src/leak.go", line: 9 }, "without a probe, where its title says");
  assert.equal(siteOf(deadlock, deadlock.findings[2]), undefined);
});

test("the tree has findings, and each its steps, fix and goroutines", () => {
  const [first, second, third] = rows(deadlock);
  assert.equal(first.label, "goroutines 20 and 21 wait for each other");
  assert.deepEqual([first.description, second.description, third.description], ["deadlock", "leak, likely", "busy, possible"]);
  assert.deepEqual([first.icon, second.icon, third.icon], ["error", "warning", "question"]);
  assert.deepEqual(first.rows.map(r => r.icon), ["arrow-small-right", "arrow-small-right", "arrow-small-right", "lightbulb", "list-unordered"]);
  assert.deepEqual(first.rows[1].site, { file: "/src/my app/main.go", line: 36 });
  assert.equal(first.rows[2].site, undefined);
  assert.deepEqual(first.rows[4].rows.map(r => r.label), ["goroutine 20", "goroutine 21"]);
  assert.equal(first.rows[4].rows[1].description, "main.(*shop).worker: s.quotes <- q");
  assert.equal(second.rows[0].rows[0].description, undefined);
});

test("a crowd is cut", () => {
  const f = { ...deadlock.findings[1], goroutines: Array.from({ length: 100_000 }, (_, i) => i) };
  const [row] = rows({ ...deadlock, findings: [f] });
  assert.equal(row.rows[0].label, "100000 goroutines");
  assert.equal(row.rows[0].rows.length, 100);
});

test("an editor shows a finding in its line, with the steps", () => {
  const [first, second, none] = marks(deadlock);
  assert.equal(none, undefined);
  assert.deepEqual([first.file, first.line, first.severity, first.code], ["/src/my app/main.go", 38, "error", "deadlock"]);
  assert.match(first.message, /^goroutines 20 and 21 wait for each other\nfix: unlock mutex s\.mu/);
  assert.deepEqual(first.related.map(r => r.line), [46, 36]);
  assert.equal(second.severity, "warning");
});

test("the verdict is one line", () => {
  assert.equal(verdict(deadlock), "6 of 7 goroutines are stuck");
  assert.equal(verdict({ ...deadlock, counts: { goroutines: 1, stuck: 1 } }), "1 of 1 goroutines is stuck");
  assert.equal(verdict({ ...deadlock, counts: { goroutines: 7 } }), "some of 7 goroutines may be stuck");
  assert.equal(verdict({ ...deadlock, counts: { goroutines: 7 }, findings: [] }), "nothing is stuck, of 7 goroutines");
  assert.equal(program(deadlock), "hang (pid 4711, live)");
});

test("ps is parsed by its columns", () => {
  const ps = [
    "PID    STATE   AGE  ENDED   GOROUTINES  STUCK  PROGRAM",
    "20660  live    2s           7           6      hang",
    "31     exited  10s  3m ago  12          0      my server",
    "",
  ].join("\n");
  assert.deepEqual(programs(ps), [
    { pid: 20660, state: "live", stuck: "6", name: "hang" },
    { pid: 31, state: "exited", stuck: "0", name: "my server" },
  ]);
  assert.deepEqual(programs(""), []);
});

test("the adapter says where it listens", () => {
  assert.equal(listening("building…\nDAP server listening at: 127.0.0.1:38211\n"), 38211);
  assert.equal(listening("DAP server li"), undefined);
});
