// The extension: a tree of findings in the debug view, their lines in the editor, the graph in a tab, and a debugger that is `awaittrace dap`.
import { execFile, spawn } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";
import * as report from "./report";

export function activate(context: vscode.ExtensionContext): void {
  const findings = new Findings();
  const command = (name: string, run: () => Promise<void>) =>
    vscode.commands.registerCommand("awaittrace." + name, () => run().catch(e => vscode.window.showErrorMessage(`awaittrace: ${e.message}`)));
  const adapter = new Adapter();
  context.subscriptions.push(
    findings,
    adapter,
    command("run", () => task("run")),
    command("test", () => task("test")),
    command("report", async () => {
      const pid = await pick();
      if (pid) await findings.follow(pid);
    }),
    command("refresh", () => findings.refresh()),
    command("graph", () => graph(findings)),
    command("useWithGo", useWithGo),
    vscode.debug.registerDebugAdapterDescriptorFactory("awaittrace", adapter),
    // The Go extension's sessions too: they run awaittrace where go.alternateTools says so.
    ...["awaittrace", "go"].map(type => vscode.debug.registerDebugAdapterTrackerFactory(type, { createDebugAdapterTracker: s => findings.track(s) })),
  );
}

/** Findings shows the last report in the tree and in the editor's lines. */
class Findings implements vscode.TreeDataProvider<report.Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly lines = vscode.languages.createDiagnosticCollection("awaittrace");
  private readonly view: vscode.TreeView<report.Row>;
  private again: () => Promise<void> = async () => {};
  readonly onDidChangeTreeData = this.changed.event;
  /** last is the report that is shown; stopped says that a debugger holds its program, which others cannot stop then. */
  last?: report.Report;
  stopped = false;

  constructor() {
    this.view = vscode.window.createTreeView("awaittrace.findings", { treeDataProvider: this });
  }

  dispose(): void {
    this.view.dispose();
    this.lines.dispose();
    this.changed.dispose();
  }

  getChildren(row?: report.Row): report.Row[] {
    return row ? row.rows : this.last ? report.rows(this.last) : [];
  }

  getTreeItem(row: report.Row): vscode.TreeItem {
    const state = row.rows.length ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
    const here = folder();
    const item = new vscode.TreeItem(here ? row.label.replaceAll(here + path.sep, "") : row.label, state);
    item.description = row.description;
    item.tooltip = row.label;
    item.iconPath = new vscode.ThemeIcon(row.icon);
    if (row.site) {
      const line = new vscode.Position(row.site.line - 1, 0);
      item.command = { command: "vscode.open", title: "Open", arguments: [uri(row.site.file), { selection: new vscode.Range(line, line), preserveFocus: true }] };
    }
    return item;
  }

  /** follow shows the report on a program, now and at each refresh. */
  async follow(pid: number): Promise<void> {
    this.again = async () => this.show(JSON.parse(await tool("report", "-f", "json", ...after(), String(pid))), false);
    await vscode.commands.executeCommand("awaittrace.findings.focus");
    await this.refresh();
  }

  async refresh(): Promise<void> {
    await vscode.window.withProgress({ location: { viewId: "awaittrace.findings" } }, () => this.again());
  }

  /** track shows the report of a debug session whenever it stops. Debug adapters that know no such report, as dlv, are left alone. */
  track(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const ask = async () => this.show(await session.customRequest("awaittrace/report"), true);
    return {
      onDidSendMessage: m => {
        if (m.type === "event" && m.event === "stopped") {
          this.again = ask;
          ask().catch(() => {});
        }
      },
      onWillStopSession: () => {
        if (this.again === ask) this.again = async () => {};
        this.stopped = false;
      },
    };
  }

  private show(r: report.Report, stopped: boolean): void {
    this.last = r;
    this.stopped = stopped;
    this.view.message = report.verdict(r);
    this.view.description = report.program(r);
    this.view.badge = r.findings.length ? { value: r.findings.length, tooltip: report.verdict(r) } : undefined;
    this.changed.fire();
    this.lines.clear();
    const files = new Map<string, vscode.Diagnostic[]>();
    for (const m of report.marks(r)) {
      const d = new vscode.Diagnostic(whole(m), m.message, severities[m.severity]);
      d.source = "awaittrace";
      d.code = m.code;
      d.relatedInformation = m.related.map(s => new vscode.DiagnosticRelatedInformation(new vscode.Location(uri(s.file), whole(s)), s.message));
      files.set(m.file, [...(files.get(m.file) ?? []), d]);
    }
    for (const [file, list] of files) this.lines.set(uri(file), list);
  }
}

const severities = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

/** whole is the range of a line, without its indentation where that is known. */
function whole(s: report.Site): vscode.Range {
  const open = vscode.workspace.textDocuments.find(d => d.uri.fsPath === uri(s.file).fsPath);
  const from = open && s.line <= open.lineCount ? open.lineAt(s.line - 1).firstNonWhitespaceCharacterIndex : 0;
  return new vscode.Range(s.line - 1, from, s.line - 1, 1000);
}

/** uri is that of a file of a report, whose path is relative to the folder only where the program was built with -trimpath. */
function uri(file: string): vscode.Uri {
  return vscode.Uri.file(path.isAbsolute(file) ? file : path.join(folder() ?? "/", file));
}

/** Adapter starts `awaittrace dap` for each session of the type awaittrace. */
class Adapter implements vscode.DebugAdapterDescriptorFactory, vscode.Disposable {
  private readonly started = new Set<() => void>();

  createDebugAdapterDescriptor(): Promise<vscode.DebugAdapterDescriptor> {
    const server = spawn(binary(), ["dap", "--listen=127.0.0.1:0"], { cwd: folder() });
    const kill = () => server.kill();
    this.started.add(kill);
    server.once("exit", () => this.started.delete(kill));
    return new Promise((resolve, reject) => {
      let said = "";
      const hear = (data: Buffer) => {
        said += data;
        const port = report.listening(said);
        if (port) resolve(new vscode.DebugAdapterServer(port));
      };
      server.stdout.on("data", hear);
      server.stderr.on("data", hear);
      server.once("error", e => reject(new Error(`${e.message}: set awaittrace.path`)));
      server.once("exit", () => reject(new Error(`awaittrace dap has ended: ${said}`)));
    });
  }

  dispose(): void {
    for (const kill of this.started) kill();
  }
}

/** graph shows the page of `awaittrace report -f html`, which has the wait-for graph, in a tab. */
async function graph(findings: Findings): Promise<void> {
  const pid = findings.last?.process.pid ?? (await pick());
  if (!pid) return;
  // A program that a debugger holds can be stopped by nobody else: its record tells.
  const page = await tool("report", "-f", "html", ...after(), ...(findings.stopped ? ["-no-stop"] : []), String(pid));
  const panel = vscode.window.createWebviewPanel("awaittrace.graph", `Wait-for graph of ${pid}`, vscode.ViewColumn.Beside, {
    enableScripts: true, // those of the page, which its own policy names by their hashes
    localResourceRoots: [],
    retainContextWhenHidden: true,
  });
  panel.webview.html = page;
}

/** task runs a verb on the package of the file that is looked at. */
async function task(verb: "run" | "test"): Promise<void> {
  const file = vscode.window.activeTextEditor?.document.uri.fsPath;
  const dir = file ? path.dirname(file) : folder();
  if (!dir) throw new Error("open a file of the package first");
  const exec = new vscode.ShellExecution(binary(), [verb, ...after(), "."], { cwd: dir });
  const t = new vscode.Task({ type: "awaittrace", verb }, vscode.TaskScope.Workspace, `${verb} ${path.basename(dir)}`, "awaittrace", exec);
  await vscode.tasks.executeTask(t);
}

/** pick lets the user choose one of the programs with probes. */
async function pick(): Promise<number | undefined> {
  const list = report.programs(await tool("ps"));
  if (list.length === 0) throw new Error("no program with probes runs: awaittrace run, or awaittrace build, makes one");
  const items = list.reverse().map(p => ({ label: p.name, description: `pid ${p.pid}, ${p.state}`, detail: p.stuck && `stuck: ${p.stuck}`, pid: p.pid }));
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which program?" }))?.pid;
}

/** useWithGo makes the Go extension start awaittrace in the place of dlv, by the setting that it documents. */
async function useWithGo(): Promise<void> {
  const go = vscode.workspace.getConfiguration("go");
  await go.update("alternateTools", { ...go.get<object>("alternateTools"), dlv: binary() }, vscode.ConfigurationTarget.Workspace);
}

function tool(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(binary(), args, { cwd: folder(), maxBuffer: 1 << 30 }, (err, stdout, stderr) => {
      if (err) reject(new Error(stderr.trim().replace(/^awaittrace: /, "") || `${err.message}: set awaittrace.path`));
      else resolve(stdout);
    });
  });
}

function binary(): string {
  return vscode.workspace.getConfiguration("awaittrace").get<string>("path") || "awaittrace";
}

function after(): string[] {
  const d = vscode.workspace.getConfiguration("awaittrace").get<string>("after");
  return d ? ["-after", d] : [];
}

function folder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}
