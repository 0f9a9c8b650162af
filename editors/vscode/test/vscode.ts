// What the extension uses of VS Code's API, which exists in its process alone: it notes what it is asked to do.

/** said is what was asked, in order. */
export const said: string[] = [];
/** registered are the commands, settings the configuration by section and name, factories those of trackers by type. */
export const registered = new Map<string, () => Promise<void>>();
export const settings = new Map<string, unknown>();
export const factories = new Map<string, { createDebugAdapterTracker(session: unknown): any }>();
/** view is the tree, panel the last tab, task the last task, and lines the marks by file. */
export const shown: { view?: any; panel?: any; task?: any; lines: Map<string, any[]> } = { lines: new Map() };

export class EventEmitter<T> {
  event = (_: (e: T) => void) => ({ dispose() {} });
  fire(): void { said.push("tree changed"); }
  dispose(): void {}
}
export class Position { constructor(readonly line: number, readonly character: number) {} }
export class Range { constructor(readonly line: unknown, readonly from: unknown, readonly toLine?: unknown, readonly to?: unknown) {} }
export class Location { constructor(readonly uri: unknown, readonly range: unknown) {} }
export class Diagnostic { constructor(readonly range: Range, readonly message: string, readonly severity: number) {} }
export class DiagnosticRelatedInformation { constructor(readonly location: Location, readonly message: string) {} }
export class ThemeIcon { constructor(readonly id: string) {} }
export class TreeItem { constructor(readonly label: string, readonly state: number) {} }
export class ShellExecution { constructor(readonly command: string, readonly args: string[], readonly options: { cwd: string }) {} }
export class Task {
  constructor(readonly definition: unknown, readonly scope: unknown, readonly name: string, readonly source: string, readonly execution: ShellExecution) {}
}
export class DebugAdapterServer { constructor(readonly port: number) {} }
export const DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2 };
export const TreeItemCollapsibleState = { None: 0, Collapsed: 1 };
export const ViewColumn = { Beside: -2 };
export const TaskScope = { Workspace: 2 };
export const ConfigurationTarget = { Workspace: 2 };
export const Uri = { file: (fsPath: string) => ({ fsPath }) };

export const window = {
  activeTextEditor: undefined as { document: { uri: { fsPath: string } } } | undefined,
  createTreeView: (_: string, options: any) => (shown.view = { ...options, dispose() {} }),
  createWebviewPanel: (_: string, title: string, __: unknown, options: unknown) => (shown.panel = { title, options, webview: { html: "" } }),
  showErrorMessage: (m: string) => void said.push("error: " + m),
  showQuickPick: async (items: any[]) => items[0],
  withProgress: (_: unknown, run: () => Promise<void>) => run(),
};
export const commands = {
  registerCommand: (name: string, run: () => Promise<void>) => (registered.set(name, run), { dispose() {} }),
  executeCommand: async (name: string) => void said.push(name),
};
export const debug = {
  registerDebugAdapterDescriptorFactory: () => ({ dispose() {} }),
  registerDebugAdapterTrackerFactory: (type: string, f: any) => (factories.set(type, f), { dispose() {} }),
};
export const languages = {
  createDiagnosticCollection: () => ({
    set: (uri: { fsPath: string }, list: any[]) => shown.lines.set(uri.fsPath, list),
    clear: () => shown.lines.clear(),
    dispose() {},
  }),
};
export const tasks = { executeTask: async (t: Task) => void (shown.task = t) };
export const workspace = {
  textDocuments: [],
  workspaceFolders: undefined as { uri: { fsPath: string } }[] | undefined,
  getConfiguration: (section: string) => ({
    get: (name: string) => settings.get(`${section}.${name}`),
    update: async (name: string, value: unknown) => void settings.set(`${section}.${name}`, value),
  }),
};
