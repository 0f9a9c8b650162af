"use strict";
// The page of a report. The data is that of page.go; everything from it is put into the page as text, never as markup.
(() => {
const { html, render, useState, useEffect, useMemo, useRef } = htmPreact;
const data = JSON.parse(document.getElementById("data").textContent);

// duration writes nanoseconds as a person would: 340ms, 4.2s, 5m10s.
function duration(ns) {
  if (ns == null) return "";
  const s = ns / 1e9;
  if (s < 1e-3) return Math.round(ns / 1e3) + "µs";
  if (s < 1) return Math.round(ns / 1e6) + "ms";
  if (s < 10) return s.toFixed(1) + "s";
  if (s < 60) return Math.round(s) + "s";
  if (s < 3600) return Math.floor(s / 60) + "m" + Math.round(s % 60) + "s";
  return Math.floor(s / 3600) + "h" + Math.round(s % 3600 / 60) + "m";
}

function bytes(n) {
  if (n < 1 << 10) return n + " B";
  if (n < 1 << 20) return (n / (1 << 10)).toFixed(1) + " KiB";
  if (n < 1 << 30) return (n / (1 << 20)).toFixed(1) + " MiB";
  return (n / (1 << 30)).toFixed(1) + " GiB";
}

const plural = (n, noun) => n + " " + noun + (n === 1 ? "" : "s");
const bad = v => v !== "ok" && v !== "idle" && v !== "unknown";
const site = o => o && o.file ? o.file + (o.line ? ":" + o.line : "") : "";
const pkgOf = fn => { const slash = (fn || "").lastIndexOf("/"); const dot = (fn || "").indexOf(".", slash + 1); return dot < 0 ? fn || "" : fn.slice(0, dot); };

// verdict is the first line of the page.
function verdict() {
  const c = data.counts, sick = c.deadlock + c.orphaned + c.leaked + c.stuck + c.busy;
  if (sick) return [plural(sick, "goroutine") + " of " + c.goroutines + (sick === 1 ? " is" : " are") + " stuck", "bad"];
  if (data.findings.length) return ["something may be stuck, among " + plural(c.goroutines, "goroutine"), ""];
  return ["nothing is stuck: " + plural(c.goroutines, "goroutine"), "good"];
}

function objectText(o) {
  if (!o) return "";
  const name = o.expr || o.path || (o.remote && "to " + o.remote) || o.addr || "";
  let s = o.kind + (name ? " " + name : "");
  if (o.cap) s += ", " + (o.len ?? "?") + " of " + o.cap + " elements";
  if (o.unsent_bytes) s += ", " + bytes(o.unsent_bytes) + " unsent";
  if (o.owed != null) s += ", owed " + o.owed;
  return s;
}

// Source shows the text around a place, if the page has it.
function Source({ at }) {
  const src = data.sources && data.sources[at];
  if (!src) return null;
  const line = +at.slice(at.lastIndexOf(":") + 1);
  return html`<pre aria-label=${"source at " + at}>${src.lines.map((l, i) =>
    html`<div class=${src.first + i === line ? "hit" : ""}>${String(src.first + i).padStart(6)}  ${l}</div>`)}</pre>`;
}

// ids expands "7,10-99" up to a number of goroutines.
function ids(text, most) {
  const list = [];
  for (const part of text.split(",")) {
    if (part === "…") break;
    const [a, b] = part.split("-").map(Number);
    for (let i = a; i <= (b ?? a); i++) { if (list.length === most) return list; list.push(i); }
  }
  return list;
}

function Goroutines({ text, count, open }) {
  const room = 24, list = ids(text, room);
  return html`<div class="dim">goroutines: ${list.map((id, i) => html`${i ? ", " : ""}<button class="link" onClick=${() => open(id)}>${id}</button>`)}
    ${count > room ? " and " + (count - room) + " more" : ""}</div>`;
}

// Timeline shows what the goroutines of a finding did last, and when they stopped.
function Timeline({ finding }) {
  const list = ids(finding.goroutines, 8).map(id => data.details[id]).filter(g => g && ((g.history || []).length || g.since_ns != null));
  if (!list.length) return null;
  const most = Math.max(...list.flatMap(g => [g.since_ns || 0, ...(g.history || []).map(h => h.ago_ns)])) * 1.04 || 1;
  const w = 760, left = 110, row = 20, x = ago => left + (w - left - 10) * (1 - ago / most);
  return html`<details><summary>timeline of the last operations</summary>
    <svg class="graph timeline" viewBox=${`0 0 ${w} ${list.length * row + 20}`} width=${w} role="img" aria-label="timeline">
      ${[0, .25, .5, .75, 1].map(f => html`<g><line class="tick" x1=${x(f * most)} x2=${x(f * most)} y1="0" y2=${list.length * row} />
        <text class="label" x=${x(f * most)} y=${list.length * row + 14} text-anchor="middle">${f ? duration(f * most) + " ago" : "now"}</text></g>`)}
      ${list.map((g, i) => html`<g>
        <text x="0" y=${i * row + 14}>goroutine ${g.id}</text>
        ${g.phase === "waiting" && g.since_ns != null && html`<rect class="wait" x=${x(g.since_ns)} y=${i * row + 4} width=${Math.max(x(0) - x(g.since_ns), 2)} height=${row - 8}><title>${g.probe.expr} for ${duration(g.since_ns)}</title></rect>`}
        ${(g.history || []).map(h => html`<circle class="dot" cx=${x(h.ago_ns)} cy=${i * row + row / 2} r="3"><title>${h.probe.expr} at ${site(h.probe)}, ${duration(h.ago_ns)} ago</title></circle>`)}
      </g>`)}
    </svg></details>`;
}

// components splits the graph into its parts that hang together.
function components(graph) {
  const parent = {}, find = n => parent[n] === n ? n : (parent[n] = find(parent[n]));
  graph.nodes.forEach(n => parent[n.id] = n.id);
  graph.edges.forEach(e => parent[find(e.from)] = find(e.to));
  const of = {};
  graph.nodes.forEach(n => (of[find(n.id)] ??= { nodes: [], edges: [] }).nodes.push(n));
  graph.edges.forEach(e => of[find(e.from)].edges.push(e));
  return Object.values(of).filter(c => c.edges.length);
}

const width = s => 7 * Math.min(s.length, 42) + 18;
const clip = s => s.length > 42 ? s.slice(0, 20) + "…" + s.slice(-21) : s;

// layout places the nodes of a component.
function layout(part) {
  const lib = dagre.default || dagre, g = new lib.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 60, marginx: 6, marginy: 6 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const n of part.nodes) {
    const lines = [n.label, ...(n.detail || "").split("\n").filter(Boolean)];
    g.setNode(n.id, { node: n, lines, width: Math.max(...lines.map(width)), height: 16 * lines.length + 12 });
  }
  part.edges.forEach((e, i) => g.setEdge(e.from, e.to, { edge: e, width: 6 * e.label.length, height: 14, labelpos: "c" }, "e" + i));
  lib.layout(g);
  return g;
}

// maxDrawn bounds the nodes of a component that is drawn: more of them nobody can read.
const maxDrawn = 150;

function Graph({ part, open, picked }) {
  const tooLarge = part.nodes.length > maxDrawn;
  const g = useMemo(() => tooLarge ? null : layout(part), [part]);
  if (tooLarge) return html`<p class="dim">A part of the graph with ${part.nodes.length} nodes is not drawn; awaittrace report -f dot writes it for Graphviz.</p>`;
  const size = g.graph(), path = pts => "M" + pts.map(p => p.x.toFixed(1) + " " + p.y.toFixed(1)).join(" L");
  return html`<svg class="graph waits" viewBox=${`0 0 ${size.width} ${size.height}`} width=${size.width} role="img" aria-label="wait-for graph">
    <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="currentColor" /></marker></defs>
    ${g.edges().map(e => { const l = g.edge(e), fact = l.edge.label !== "waits for" && l.edge.label !== "held by"; return html`<g>
      <path class=${"edge" + (fact ? " fact" : "")} d=${path(l.points)} marker-end="url(#arrow)" />
      <text class="label" x=${l.x} y=${l.y + 4} text-anchor="middle">${l.edge.label}</text></g>`; })}
    ${g.nodes().map(id => { const v = g.node(id), n = v.node, who = (n.goroutines || [])[0];
      return html`<g class=${"node " + n.kind + " " + (n.verdict || "") + (picked != null && (n.goroutines || []).includes(picked) ? " pick" : "")} tabindex=${who != null ? 0 : -1}
        onClick=${() => who != null && open(who)} onKeyDown=${e => e.key === "Enter" && who != null && open(who)} transform=${`translate(${v.x - v.width / 2} ${v.y - v.height / 2})`}>
        <rect class="box" width=${v.width} height=${v.height} rx=${n.kind === "object" ? v.height / 2 : 5} />
        ${v.lines.map((l, i) => html`<text x=${v.width / 2} y=${18 + 16 * i} text-anchor="middle">${clip(l)}<title>${l}</title></text>`)}</g>`; })}
  </svg>`;
}

function Finding({ f, i, open, picked, focused }) {
  const ref = useRef(), parts = useMemo(() => components({
    nodes: data.graph.nodes.filter(n => n.findings.includes(i)),
    edges: data.graph.edges.filter(e => [e.from, e.to].every(id => data.graph.nodes.find(n => n.id === id).findings.includes(i))),
  }), []);
  const [drawn, draw] = useState(i === 0);
  useEffect(() => { if (focused) ref.current.scrollIntoView({ block: "nearest" }); }, [focused]);
  return html`<article class=${"card " + f.certainty} ref=${ref} tabindex="0" data-kind=${f.kind}>
    <h3><span class=${"badge " + f.kind}>${f.kind}</span>${f.title} <span class="dim">(${f.certainty}${f.proof ? ", proven by " + f.proof : ""})</span></h3>
    <ol class="why">${(f.why || []).map(w => html`<li>${w}</li>`)}</ol>
    ${f.at && html`<${Source} at=${f.at} />`}
    ${f.kept_bytes > 0 && html`<div>keeps ${bytes(f.kept_bytes)} alive</div>`}
    ${f.fix && html`<div class="fix"><b>fix:</b> ${f.fix}</div>`}
    ${f.count > 0 && html`<${Goroutines} text=${f.goroutines} count=${f.count} open=${open} />`}
    <${Timeline} finding=${f} />
    ${parts.length > 0 && html`<details open=${drawn} onToggle=${e => draw(e.target.open)}><summary>wait-for graph</summary>${drawn && parts.map(p => html`<${Graph} part=${p} open=${open} picked=${picked} />`)}</details>`}
  </article>`;
}

function Fact({ what, fact, open }) {
  return fact ? html`<tr><td>${what}</td><td><button class="link" onClick=${() => open(fact.goroutine)}>goroutine ${fact.goroutine}</button> at ${site(fact)}, ${duration(fact.ago_ns)} ago${fact.exited ? "; it has exited" : ""}</td></tr>` : null;
}

function ObjectRows({ o, open, name }) {
  if (!o) return null;
  if (o.cases) return o.cases.map(c => html`<${ObjectRows} o=${c} open=${open} name=${c.dir === "send" ? "case: sends to" : "case: receives from"} />`);
  return html`<tr><td>${name}</td><td>${objectText(o)}</td></tr>
    ${(o.holders || []).map(h => html`<tr><td>held by</td><td><button class="link" onClick=${() => open(h.goroutine)}>goroutine ${h.goroutine}</button> for ${duration(h.since_ns)}, taken at ${site(h)}${h.exited ? "; it has exited" : ""}${h.likely ? " (likely)" : ""}</td></tr>`)}
    <${Fact} what="made" fact=${o.made} open=${open} /><${Fact} what="last send" fact=${o.last_send} open=${open} />
    <${Fact} what="last receive" fact=${o.last_recv} open=${open} /><${Fact} what="closed" fact=${o.closed} open=${open} />`;
}

// Detail is the panel with all that is known of a goroutine.
function Detail({ id, open, close }) {
  const g = data.details[id], ref = useRef();
  useEffect(() => ref.current.focus(), [id]);
  if (!g) {
    const group = data.groups.find(p => ids(p.ids, 1e6).includes(id));
    return html`<aside tabindex="-1" ref=${ref}><button class="close" onClick=${close}>close</button><h2>goroutine ${id}</h2>
      ${group ? html`<p>It is one of ${group.count} that are ${group.verdict}: ${group.what} at ${group.at}.</p>
        ${group.first !== id && data.details[group.first] && html`<p><button class="link" onClick=${() => open(group.first)}>goroutine ${group.first}</button> is another of them, of which more is known here.</p>`}`
        : html`<p>It has exited, or is not in this page; awaittrace report -f json has all that are there.</p>`}</aside>`;
  }
  return html`<aside tabindex="-1" ref=${ref}><button class="close" onClick=${close}>close</button>
    <h2><span class=${"badge " + g.verdict}>${g.verdict}</span>goroutine ${g.id}</h2>
    <table><tbody>
      <tr><td>state</td><td>${g.state}${g.reason ? " (" + g.reason + ")" : ""}</td></tr>
      ${g.probe && html`<tr><td>last probe</td><td><code>${g.probe.expr}</code> at ${site(g.probe)} in ${g.probe.func}${g.since_ns != null ? ", " + duration(g.since_ns) + " ago" : ""}</td></tr>`}
      <${ObjectRows} o=${g.waits_on} open=${open} name="waits on" />
      ${(g.holds || []).map(h => html`<tr><td>holds</td><td>${objectText(h.lock)} for ${duration(h.since_ns)}, taken at ${site(h.probe)}</td></tr>`)}
      ${(g.could_end || []).map(e => html`<tr><td>could be ended by</td><td>${e.goroutine ? html`<button class="link" onClick=${() => open(e.goroutine)}>goroutine ${e.goroutine}</button>` : ["timer", "finalizer", "cleanup", "global"].filter(k => e[k]).map(k => k + " " + e[k])} ${site(e)}${(e.path || []).length ? html`<div class="mono">${e.path.join(" → ")}</div>` : ""}</td></tr>`)}
      ${g.created_by && html`<tr><td>started by</td><td>${g.created_by.func} at ${site(g.created_by)}${g.created_by.goroutine ? html`, <button class="link" onClick=${() => open(g.created_by.goroutine)}>goroutine ${g.created_by.goroutine}</button>` : ""}</td></tr>`}
      ${Object.entries(g.labels || {}).map(([k, v]) => html`<tr><td>label ${k}</td><td>${v}</td></tr>`)}
    </tbody></table>
    ${(g.stack || []).length > 0 && html`<h2>stack</h2><pre>${g.stack.map(f => html`<div>${f.func}<span class="dim">  ${site(f)}</span></div>`)}</pre>`}
    ${(g.history || []).length > 0 && html`<h2>history, newest first</h2><pre>${g.history.map(h => html`<div>${duration(h.ago_ns).padStart(7)} ago  ${h.probe.expr}<span class="dim">  ${site(h.probe)}</span></div>`)}</pre>`}
  </aside>`;
}

// Tree shows the groups by package and place.
function Tree({ list, open }) {
  const byPkg = new Map();
  for (const g of list) { const k = pkgOf(g.func) || "(unknown)"; (byPkg.get(k) || byPkg.set(k, []).get(k)).push(g); }
  const most = 400;
  let shown = 0;
  return [...byPkg].map(([name, groups]) => html`<details open=${byPkg.size < 12 || groups.some(g => bad(g.verdict))}>
    <summary><b>${name}</b> <span class="dim">${plural(groups.reduce((n, g) => n + g.count, 0), "goroutine")}</span></summary>
    <table class="groups"><tbody>${groups.map(g => ++shown > most ? null : html`<tr><td class="n">${g.count}</td><td><span class=${"badge " + g.verdict}>${g.verdict}</span></td>
      <td><button class="link mono" onClick=${() => open(g.first)}>${g.what}</button><div class="dim">${g.at}${g.func ? " in " + g.func : ""}</div></td>
      <td class="n dim">${g.most ? duration(g.least) === duration(g.most) ? duration(g.most) : duration(g.least) + " to " + duration(g.most) : ""}</td></tr>`)}</tbody></table></details>`)
    .concat(shown > most ? [html`<p class="dim">and ${shown - most} more groups: filter to see them</p>`] : []);
}

function Select({ name, value, set, values }) {
  return html`<select aria-label=${name} value=${value} onChange=${e => set(e.target.value)}><option value="">any ${name}</option>${values.map(v => html`<option value=${v}>${v}</option>`)}</select>`;
}

const uniq = list => [...new Set(list.filter(Boolean))].sort();

function App() {
  const [query, setQuery] = useState(""), [only, setOnly] = useState(""), [state, setState] = useState(""), [kind, setKind] = useState("");
  const [pkg, setPkg] = useState(""), [label, setLabel] = useState(""), [picked, open] = useState(null), [at, move] = useState(-1), [help, setHelp] = useState(false);
  const search = useRef();
  const words = query.toLowerCase().split(/\s+/).filter(Boolean), has = text => words.every(w => text.toLowerCase().includes(w));
  const groups = useMemo(() => data.groups.filter(g => (!only || g.verdict === only) && (!state || g.state === state) && (!kind || g.kind === kind) &&
    (!pkg || pkgOf(g.func) === pkg) && (!label || Object.entries(g.labels || {}).some(([k, v]) => k + "=" + v === label)) &&
    has([g.what, g.func, g.at, g.verdict, g.state, g.kind, g.ids, ...Object.entries(g.labels || {}).flat()].join(" "))), [query, only, state, kind, pkg, label]);
  const findings = data.findings.map((f, i) => [f, i]).filter(([f]) => (!kind || f.kind === kind) && (!only || groups.some(g => g.kind === f.kind)) && has([f.kind, f.title, ...(f.why || []), f.fix, f.goroutines].join(" ")));
  const sure = findings.filter(([f]) => f.certainty !== "possible"), maybe = findings.filter(([f]) => f.certainty === "possible");
  const keys = useRef(); keys.current = e => {
    if (e.key === "Escape") { open(null); setHelp(false); document.activeElement.blur(); return; }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "/") { e.preventDefault(); search.current.focus(); }
    if (e.key === "j") move(Math.min(at + 1, findings.length - 1));
    if (e.key === "k") move(Math.max(at - 1, 0));
    if (e.key === "o" && findings[at] && findings[at][0].lead) open(findings[at][0].lead);
    if (e.key === "t") toggle();
    if (e.key === "?") setHelp(!help);
  };
  useEffect(() => { const on = e => keys.current(e); document.addEventListener("keydown", on); return () => document.removeEventListener("keydown", on); }, []);
  const toggle = () => { const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches; root.dataset.theme = dark ? "light" : "dark"; };
  const [title, mood] = verdict(), p = data.process;
  const age = p.started && p.taken ? ", " + (p.state === "live" ? "up " : "after ") + duration(p.taken - p.started) : "";
  const show = (list) => list.map(([f, i]) => html`<${Finding} key=${i} f=${f} i=${i} open=${open} picked=${picked} focused=${findings[at] && findings[at][1] === i} />`);
  return html`<header>
      <h1 class=${mood}>${title}</h1>
      <div class="dim">${data.program} (${["pid " + p.pid, p.go, p.state, p.container].filter(Boolean).join(", ")}${age})${p.taken ? ", taken " + new Date(p.taken / 1e6).toISOString() : ""}</div>
      ${data.note && html`<div class="note">${data.note}</div>`}
      ${!data.complete && html`<div class="note">incomplete: ${Object.entries(data.dropped || {}).map(([k, v]) => v + " " + k).join(", ")}</div>`}
      ${data.kept > 0 && html`<div>proven leaks keep ${bytes(data.kept)} alive</div>`}
      <div class="chips noprint">${["deadlock", "orphaned", "leaked", "stuck", "busy", "idle", "ok"].filter(v => data.counts[v]).map(v =>
        html`<button class=${"chip" + (only === v ? " on" : "")} aria-pressed=${only === v} onClick=${() => setOnly(only === v ? "" : v)}>${data.counts[v]} ${v}</button>`)}</div>
      <div class="filters">
        <input type="search" ref=${search} placeholder="search: a function, file, goroutine …   ( / )" aria-label="search" value=${query} onInput=${e => setQuery(e.target.value)} />
        <${Select} name="state" value=${state} set=${setState} values=${uniq(data.groups.map(g => g.state))} />
        <${Select} name="kind" value=${kind} set=${setKind} values=${uniq(data.findings.map(f => f.kind))} />
        <${Select} name="package" value=${pkg} set=${setPkg} values=${uniq(data.groups.map(g => pkgOf(g.func)))} />
        ${data.labels && html`<${Select} name="label" value=${label} set=${setLabel} values=${uniq(data.groups.flatMap(g => Object.entries(g.labels || {}).map(([k, v]) => k + "=" + v)))} />`}
        <button onClick=${toggle}>dark / light</button><button onClick=${() => setHelp(!help)}>keys</button>
      </div>
      ${help && html`<table class="keys"><tbody>${[["/", "search"], ["j, k", "next and previous finding"], ["o", "the finding's root goroutine"], ["t", "dark or light"], ["Escape", "close"], ["?", "this help"]].map(([k, t]) => html`<tr><td><code>${k}</code></td><td>${t}</td></tr>`)}</tbody></table>`}
    </header>
    <main>
      ${sure.length > 0 && html`<h2>findings</h2>`}${show(sure)}
      ${maybe.length > 0 && html`<h2>what may be normal, and may not</h2>`}${show(maybe)}
      <h2>goroutines by package and place <span class="dim">${plural(groups.reduce((n, g) => n + g.count, 0), "goroutine")} in ${plural(groups.length, "group")}</span></h2>
      <${Tree} list=${groups} open=${open} />
    </main>
    ${picked != null && html`<${Detail} id=${picked} open=${open} close=${() => open(null)} />`}`;
}

const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
})();
