"use strict";
// Drives the extension in VS Code, which is code-server in headless Chromium: node vscode.js URL [PICTURE]. It prints what it sees for the script
// run to check: the tree of a program that hangs, the marked line, the graph, and the tree again at a stop of a debug session.
const { chromium } = require(process.env.PLAYWRIGHT || "playwright-core");

async function main(url, picture) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
  page.setDefaultTimeout(90_000);
  try {
    await page.goto(url);
    await page.waitForSelector(".monaco-workbench .part.statusbar");
    await command(page, "awaittrace: Report on a Program");
    await page.locator(".quick-input-widget .monaco-list-row", { hasText: "hang" }).first().click();
    const finding = page.locator(".pane-body .monaco-list-row", { hasText: "wait for each other" }).first();
    await finding.waitFor();
    console.log("tree:", await finding.innerText());
    // Room for the tree: it has the rows that are seen alone.
    for (const name of ["Variables", "Watch", "Call Stack", "Breakpoints"]) await page.locator(".pane-header", { hasText: name }).first().click();
    await page.mouse.move(348, 500);
    await page.mouse.down();
    await page.mouse.move(640, 500, { steps: 5 });
    await page.mouse.up();
    await finding.locator(".monaco-tl-twistie").click();
    const fix = page.locator(".pane-body .monaco-list-row", { hasText: "unlock mutex" }).first();
    await fix.waitFor();
    console.log("fix:", await fix.innerText());
    await finding.locator(".label-name").click(); // opens the line of its root
    await page.locator(".monaco-editor .squiggly-error, .monaco-editor .squiggly-warning").first().waitFor();
    console.log("the line is marked");
    await command(page, "awaittrace: Show the Wait-for Graph");
    const frame = await graph(page);
    console.log("graph:", await frame.locator("svg.waits .node").count(), "nodes,", await frame.locator("h1").innerText());
    await frame.locator("svg.waits").first().scrollIntoViewIfNeeded();
    if (picture) await page.screenshot({ path: picture });
    await command(page, "View: Close All Editors");
    await page.keyboard.press("F5");
    await page.locator(".pane-header", { hasText: "Call Stack" }).first().click();
    const pause = page.locator(".debug-toolbar a.codicon-debug-pause");
    await pause.waitFor();
    await page.waitForTimeout(3000); // the program has to hang before it is stopped
    await pause.click();
    await page.locator(".debug-toolbar a.codicon-debug-continue").waitFor();
    const stopped = page.locator(".pane-header", { hasText: "stopped" }).first();
    await stopped.waitFor();
    console.log("stopped:", await stopped.innerText());
    console.log("session:", await finding.innerText());
    await page.keyboard.press("Shift+F5");
    await page.locator(".debug-toolbar").waitFor({ state: "hidden" });
  } catch (e) {
    if (picture) await page.screenshot({ path: picture + ".failed.png" });
    throw e;
  } finally {
    await browser.close();
  }
}

// command runs one of the command palette, in which those of extensions appear a while after the start.
async function command(page, title) {
  const row = page.locator(".quick-input-widget .monaco-list-row", { hasText: title }).first();
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input").fill(">" + title);
    if (await row.waitFor({ timeout: 5000 }).then(() => true, () => false)) return row.click();
    await page.keyboard.press("Escape");
  }
  throw new Error("no command " + title);
}

// graph returns the frame in which the page with the graph is.
async function graph(page) {
  for (let i = 0; i < 300; i++) {
    for (const frame of page.frames()) {
      if (await frame.locator("svg.waits .node").count().catch(() => 0)) return frame;
    }
    await page.waitForTimeout(100);
  }
  throw new Error("no frame has the graph");
}

main(...process.argv.slice(2)).catch(e => { console.log("failed:", e.message); process.exit(1); });
