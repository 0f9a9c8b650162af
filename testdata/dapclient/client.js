// Drives `awaittrace dap` with the test client that debug adapters for VS Code are tested with, which shares no code with awaittrace or Delve.
//
//	npm ci && node client.js AWAITTRACE FOLDER
//
// AWAITTRACE is the command, FOLDER that of dlvext/testdata/bank.
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const { DebugClient } = require('@vscode/debugadapter-testsupport');

const [awaittrace, bank] = process.argv.slice(2);
const source = path.join(bank, 'main.go');
const timeout = 240_000; // for a busy machine

// start starts an adapter, which does not outlive the test, and returns a client of it.
async function start(t) {
	const adapter = spawn(awaittrace, ['dap', '--listen=127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
	t.after(() => adapter.kill());
	adapter.over = new Promise((resolve) => adapter.on('exit', resolve));
	const [line] = await new Promise((resolve) => readline.createInterface(adapter.stdout).once('line', (l) => resolve([l])));
	const port = /^DAP server listening at: 127\.0\.0\.1:(\d+)$/.exec(line);
	assert.ok(port, line);
	const client = new DebugClient('node', '', 'go');
	client.defaultTimeout = timeout;
	await client.start(Number(port[1]));
	return { client, adapter };
}

// launch is the configuration; the binary goes to a folder that is removed.
function launch(t) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dapclient-'));
	t.after(() => fs.rmSync(folder, { recursive: true }));
	return { mode: 'debug', program: '.', dlvCwd: bank, output: path.join(folder, 'bank'), awaittrace: { after: '500ms' } };
}

test('breakpoint, threads, stackTrace, scopes, variables, evaluate', { timeout }, async (t) => {
	const { client, adapter } = await start(t);
	const said = [];
	client.on('output', (e) => said.push(e.body.output));
	await client.hitBreakpoint(launch(t), { path: source, line: 28 }, { path: source, line: 28 });
	assert.match(said.join(''), /awaittrace: building with \d+ probes/);

	const stuck = (await client.evaluateRequest({ expression: 'awaittrace stuck', context: 'repl' })).body.result; // from now on it is known what is
	const threads = (await client.threadsRequest()).body.threads;
	assert.match(`${threads[0].name}\n${stuck}`, /^ ?\[Go \d+\] main\.transfer · deadlock \S+: to\.mu\.Lock\(\)\n/);
	const frames = (await client.stackTraceRequest({ threadId: threads[0].id })).body.stackFrames;
	const frame = frames.find((f) => f.name === 'main.transfer');
	assert.strictEqual(frame.line, 21);
	const scopes = (await client.scopesRequest({ frameId: frame.id })).body.scopes;
	assert.deepStrictEqual(scopes.map((s) => s.name), ['Locals', 'Await trace']);
	const variables = async (reference) => (await client.variablesRequest({ variablesReference: reference })).body.variables;
	assert.ok((await variables(scopes[0].variablesReference)).some((v) => v.name === 'amount'));
	const trace = await variables(scopes[1].variablesReference);
	assert.deepStrictEqual(trace.map((v) => v.name), ['verdict', 'last probe', 'started', 'waits on', 'holds', 'history']);
	const waits = trace.find((v) => v.name === 'waits on');
	assert.strictEqual(waits.value, 'mutex to.mu');
	assert.match((await variables(waits.variablesReference)).find((v) => v.name === 'holder 1').value, /is held by goroutine \d+/);

	const typed = async (expression) => (await client.evaluateRequest({ expression, context: 'repl', frameId: frame.id })).body.result;
	assert.match(await typed('awaittrace stuck'), /2 in a deadlock/);
	assert.match(await typed('awaittrace holders to'), /main\.transfer/);
	assert.match(await typed('from.balance'), /^100/);
	await assert.rejects(typed('awaittrace nonsense'), /unknown command "nonsense"/);
	const report = (await client.customRequest('awaittrace/report')).body;
	assert.strictEqual(report.schema, 'awaittrace.report/1');
	assert.strictEqual(report.findings[0].kind, 'deadlock');
	while (!/awaittrace: [23] of \d+ goroutines are stuck/.test(said.join(''))) {
		await new Promise((resolve) => setTimeout(resolve, 20));
	}

	await client.disconnectRequest({ terminateDebuggee: true });
	assert.strictEqual(await adapter.over, 0);
});

test('exception filters', { timeout }, async (t) => {
	const { client, adapter } = await start(t);
	const capabilities = (await client.initializeRequest()).body;
	const filters = capabilities.exceptionBreakpointFilters.map((f) => f.filter);
	assert.deepStrictEqual(filters, ['unrecovered-panic', 'runtime-fatal-throw', 'awaittrace-deadlock', 'awaittrace-stuck']);
	const initialized = client.waitForEvent('initialized', timeout);
	const launched = client.launchRequest(launch(t));
	await initialized;
	await launched;
	await client.setExceptionBreakpointsRequest({ filters });
	const stopped = client.waitForEvent('stopped', timeout);
	await client.configurationDoneRequest();
	const { body } = await stopped;
	assert.strictEqual(body.reason, 'exception');
	assert.strictEqual(body.description, 'Deadlock');
	assert.match(body.text, /wait for each other's locks/);
	const info = (await client.exceptionInfoRequest({ threadId: body.threadId })).body;
	assert.strictEqual(info.exceptionId, 'awaittrace-deadlock');
	await client.disconnectRequest({ terminateDebuggee: true });
	assert.strictEqual(await adapter.over, 0);
});
