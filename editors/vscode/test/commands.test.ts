import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import * as extension from "../src/extension";
import * as fake from "./vscode";

const report = {
  process: { pid: 4711, exe: "/bin/hang", state: "live" },
  counts: { goroutines: 7, deadlock: 6, stuck: 0, idle: 1, ok: 0 },
  findings: [{ kind: "deadlock", certainty: "certain", goroutines: [20], root: 20, title: "goroutine 20 waits", why: ["it waits at /src/main.go:46"], fix: "unlock" }],
  goroutines: [{ id: 20, verdict: "deadlock", probe: { expr: "s.mu.Lock()", func: "main.f", file: "/src/main.go", line: 46 } }],
};

let dir: string;
/** calls are the arguments with which awaittrace was started. */
const calls = () => readFileSync(path.join(dir, "calls"), "utf8").trim().split("\n");

before(() => {
  dir = mkdtempSync(path.join(tmpdir(), "awaittrace-vscode-"));
  const ps = "PID   STATE  STUCK  PROGRAM\n4711  live   6      hang\n";
  const script = `#!/usr/bin/env node
const args = process.argv.slice(2);
require("node:fs").appendFileSync(${JSON.stringify(path.join(dir, "calls"))}, args.join(" ") + "\\n");
if (args[0] === "ps") process.stdout.write(${JSON.stringify(ps)});
else if (args.includes("html")) process.stdout.write("<p>the page");
else if (args.includes("json")) process.stdout.write(${JSON.stringify(JSON.stringify(report))});
else { console.error("awaittrace: no such verb"); process.exit(2); }
`;
  writeFileSync(path.join(dir, "awaittrace"), script, { mode: 0o755 });
  fake.settings.set("awaittrace.path", path.join(dir, "awaittrace"));
  fake.settings.set("awaittrace.after", "2s");
  fake.workspace.workspaceFolders = [{ uri: { fsPath: dir } }];
  extension.activate({ subscriptions: [] } as any);
});
after(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  fake.said.length = 0;
  writeFileSync(path.join(dir, "calls"), "");
});

const run = (name: string) => fake.registered.get("awaittrace." + name)!();

test("every command of the manifest is registered", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8"));
  assert.deepEqual([...fake.registered.keys()].sort(), manifest.contributes.commands.map((c: { command: string }) => c.command).sort());
});

test("run and test are tasks in the folder of the file that is looked at", async () => {
  fake.window.activeTextEditor = { document: { uri: { fsPath: "/src/my app/main.go" } } };
  for (const verb of ["run", "test"]) {
    await run(verb);
    const { command, args, options } = fake.shown.task.execution;
    assert.deepEqual([command, args, options.cwd], [path.join(dir, "awaittrace"), [verb, "-after", "2s", "."], "/src/my app"]);
  }
  fake.window.activeTextEditor = undefined;
  await run("run");
  assert.equal(fake.shown.task.execution.options.cwd, dir);
});

test("report shows the tree and marks the lines of a program that is picked, refresh looks again", async () => {
  await run("report");
  assert.deepEqual(calls(), ["ps", "report -f json -after 2s 4711"]);
  assert.ok(fake.said.includes("awaittrace.findings.focus"));
  const tree = fake.shown.view.treeDataProvider;
  const [row] = tree.getChildren();
  assert.match(tree.getTreeItem(row).label, /goroutine 20 waits/);
  assert.deepEqual(fake.shown.lines.get("/src/main.go")!.map((d: any) => [d.range.line, d.code]), [[45, "deadlock"]]);
  await run("refresh");
  assert.equal(calls().at(-1), "report -f json -after 2s 4711");
  assert.equal(calls().length, 3);
});

test("graph shows the page of the program whose report is shown", async () => {
  await run("graph");
  assert.deepEqual(calls(), ["report -f html -after 2s 4711"]);
  assert.equal(fake.shown.panel.webview.html, "<p>the page");
});

test("the Go extension is made to start awaittrace, with its other tools left alone", async () => {
  fake.settings.set("go.alternateTools", { gopls: "/bin/gopls" });
  await run("useWithGo");
  assert.deepEqual(fake.settings.get("go.alternateTools"), { gopls: "/bin/gopls", dlv: path.join(dir, "awaittrace") });
});

test("a session of the Go extension shows its report when it stops, and dlv's own adapter is left alone", async () => {
  const asked: string[] = [];
  // As the Go extension's launch configurations are, and its adapter's messages.
  const session = {
    type: "go",
    configuration: { type: "go", request: "launch", mode: "debug", program: "${fileDirname}" },
    customRequest: async (name: string) => (asked.push(name), { ...report, findings: [] }),
  };
  const tracker = fake.factories.get("go")!.createDebugAdapterTracker(session);
  tracker.onDidSendMessage({ type: "event", event: "output", body: {} });
  assert.deepEqual(asked, []);
  tracker.onDidSendMessage({ type: "event", event: "stopped", body: { reason: "breakpoint" } });
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["awaittrace/report"]);
  assert.equal(fake.shown.lines.size, 0);
  // The debugger holds the program: the page is of its record alone.
  await run("graph");
  assert.deepEqual(calls(), ["report -f html -after 2s -no-stop 4711"]);
  tracker.onWillStopSession();

  const dlv = fake.factories.get("go")!.createDebugAdapterTracker({ customRequest: async () => { throw new Error("unknown request"); } });
  dlv.onDidSendMessage({ type: "event", event: "stopped", body: {} });
  await new Promise(setImmediate);
  assert.deepEqual(fake.said.filter(s => s.startsWith("error")), []);
});

test("what goes wrong is said", async () => {
  fake.settings.set("awaittrace.path", path.join(dir, "nowhere"));
  await run("report");
  assert.match(fake.said.at(-1)!, /^error: awaittrace: .*ENOENT.*set awaittrace.path$/);
});
