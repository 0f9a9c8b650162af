// What the extension shows of a report. Nothing here needs VS Code, so that it can be tested without.

/** Report is the part of `awaittrace report -f json` that is shown. */
export interface Report {
  process: { pid?: number; exe?: string; state?: string };
  counts: Record<string, number>;
  findings: Finding[];
  goroutines: Goroutine[];
}

export interface Finding {
  kind: string;
  certainty: "certain" | "likely" | "possible";
  goroutines: number[];
  root?: number;
  title: string;
  why?: string[];
  fix?: string;
}

export interface Goroutine {
  id: number;
  verdict: string;
  probe?: { expr: string; func: string; file: string; line: number };
}

/** Site is a place in the source; lines count from 1. */
export interface Site {
  file: string;
  line: number;
}

/** Row is a row of the tree. */
export interface Row {
  label: string;
  description?: string;
  icon: string;
  site?: Site;
  rows: Row[];
}

/** Mark is what an editor shows in the line of a finding. */
export interface Mark extends Site {
  severity: "error" | "warning" | "information";
  code: string;
  message: string;
  related: (Site & { message: string })[];
}

/** Program is a line of `awaittrace ps`. */
export interface Program {
  pid: number;
  state: string;
  stuck: string;
  name: string;
}

const bad = ["deadlock", "orphaned", "leaked", "stuck", "busy"];

/** verdict says in one line how many goroutines are stuck. */
export function verdict(r: Report): string {
  const stuck = bad.reduce((n, v) => n + (r.counts[v] ?? 0), 0);
  const all = r.counts.goroutines ?? r.goroutines.length;
  if (stuck > 0) return `${stuck} of ${all} goroutines ${stuck === 1 ? "is" : "are"} stuck`;
  if (r.findings.length > 0) return `some of ${all} goroutines may be stuck`;
  return `nothing is stuck, of ${all} goroutines`;
}

/** program names the program of a report. */
export function program(r: Report): string {
  const name = (r.process.exe ?? "").split(/[\\/]/).pop() || "unknown program";
  return `${name} (pid ${r.process.pid}, ${r.process.state})`;
}

/** siteIn returns the place that a line of a report names, which stands behind "at". */
export function siteIn(text: string): Site | undefined {
  const end = /\.go:(\d+)/.exec(text);
  if (!end) return undefined;
  const head = text.slice(0, end.index);
  const at = head.lastIndexOf(" at ");
  const file = at >= 0 ? head.slice(at + 4) : head.slice(head.lastIndexOf(" ") + 1);
  return { file: file + ".go", line: Number(end[1]) };
}

/** siteOf returns the place of a finding: where its root is, or else the first that it tells of. */
export function siteOf(r: Report, f: Finding): Site | undefined {
  const lead = f.root || f.goroutines[0];
  const probe = r.goroutines.find(g => g.id === lead)?.probe;
  if (probe) return { file: probe.file, line: probe.line };
  for (const text of [...(f.why ?? []), f.title]) {
    const site = siteIn(text);
    if (site) return site;
  }
  return undefined;
}

/** mostGoroutines bounds the goroutines that a finding lists. */
const mostGoroutines = 100;

/** rows returns the tree of a report: its findings, worst first, each with its steps, its fix and its goroutines. */
export function rows(r: Report): Row[] {
  const at = new Map(r.goroutines.map(g => [g.id, g]));
  return r.findings.map(f => {
    const row: Row = { label: f.title, description: sure(f), icon: icons[severity(f)], site: siteOf(r, f), rows: [] };
    for (const why of f.why ?? []) row.rows.push({ label: why, icon: "arrow-small-right", site: siteIn(why), rows: [] });
    if (f.fix) row.rows.push({ label: f.fix, description: "fix", icon: "lightbulb", site: siteIn(f.fix), rows: [] });
    const all: Row = { label: `${f.goroutines.length} goroutine${f.goroutines.length === 1 ? "" : "s"}`, icon: "list-unordered", rows: [] };
    for (const id of f.goroutines.slice(0, mostGoroutines)) {
      const p = at.get(id)?.probe;
      all.rows.push({ label: `goroutine ${id}`, description: p && `${p.func}: ${p.expr}`, icon: "circle-small", site: p && { file: p.file, line: p.line }, rows: [] });
    }
    row.rows.push(all);
    return row;
  });
}

/** marks returns what editors show in the lines of the findings. */
export function marks(r: Report): Mark[] {
  return r.findings.flatMap(f => {
    const site = siteOf(r, f);
    if (!site) return [];
    const related = (f.why ?? []).flatMap(message => {
      const s = siteIn(message);
      return s ? [{ ...s, message }] : [];
    });
    return [{ ...site, severity: severity(f), code: f.kind, message: f.title + (f.fix ? `\nfix: ${f.fix}` : ""), related }];
  });
}

/** programs parses what `awaittrace ps` prints. */
export function programs(ps: string): Program[] {
  const lines = ps.split("\n").filter(l => l.trim() !== "");
  const head = lines.shift() ?? "";
  const columns = [...head.matchAll(/\S+/g)].map(m => ({ name: m[0], from: m.index }));
  return lines.flatMap(line => {
    const cell = (name: string) => {
      const i = columns.findIndex(c => c.name === name);
      return i < 0 ? "" : line.slice(columns[i].from, columns[i + 1]?.from).trim();
    };
    const pid = Number(cell("PID"));
    return pid > 0 ? [{ pid, state: cell("STATE"), stuck: cell("STUCK"), name: cell("PROGRAM") }] : [];
  });
}

/** listening returns the port on which `awaittrace dap` says that it listens. */
export function listening(output: string): number | undefined {
  const m = /DAP server listening at: .*:(\d+)/.exec(output);
  return m ? Number(m[1]) : undefined;
}

const icons = { error: "error", warning: "warning", information: "question" };

function severity(f: Finding): Mark["severity"] {
  return f.certainty === "certain" ? "error" : f.certainty === "likely" ? "warning" : "information";
}

/** sure names the kind of a finding, and how sure it is. */
function sure(f: Finding): string {
  return f.certainty === "certain" ? f.kind : `${f.kind}, ${f.certainty}`;
}
