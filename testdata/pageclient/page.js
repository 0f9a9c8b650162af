"use strict";
// Looks at pages in headless Chromium as a user does: node page.js PAGE... Every page is the HTML report on a document of
// internal/export/testdata. It prints what is wrong, a line each, and ends with status 1 if anything is.
const { chromium } = require("playwright-core");

const problems = [];
const check = (ok, what) => { if (!ok) problems.push(what); };

async function look(browser, file) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const name = file.replace(/.*\//, "");
  page.on("console", m => { if (m.type() === "error" || m.type() === "warning") problems.push(`${name}: console: ${m.text()}`); });
  page.on("pageerror", e => problems.push(`${name}: ${e.message}`));
  page.on("dialog", d => { problems.push(`${name}: a string of the report has run: ${d.message()}`); d.dismiss(); });
  page.on("request", r => { if (!r.url().startsWith("file:")) problems.push(`${name}: it asks for ${r.url()}`); });
  await page.goto("file://" + file);
  await page.waitForSelector("h1");
  const data = JSON.parse(await page.textContent("#data"));
  check(await page.locator("article.card").count() === data.findings.length, `${name}: not every finding is a card`);
  for (const f of data.findings) {
    check((await page.locator("article.card h3").allInnerTexts()).some(t => t.includes(f.title.split(/\s/)[0])), `${name}: a title is missing: ${f.title}`);
  }
  if (data.findings.some(f => f.count)) {
    // A goroutine of the first card opens the panel with its stack and history.
    await page.locator("article.card button.link").first().click();
    check(await page.locator("aside").isVisible(), `${name}: a goroutine opens no panel`);
    check(await page.locator("aside tr").count() > 0, `${name}: the panel is empty`);
    await page.keyboard.press("Escape");
    check(await page.locator("aside").count() === 0, `${name}: Escape does not close the panel`);
    check(await page.locator("svg.waits .node").count() > 0, `${name}: the graph of the first finding is not drawn`);
    await page.locator("svg.waits .node.goroutine").first().click();
    check(await page.locator("aside").isVisible(), `${name}: a node of the graph opens no panel`);
    await page.keyboard.press("Escape");
  }
  if (data.findings.length) {
    if (data.findings[0].at in (data.sources || {})) {
      check(await page.locator("article.card").first().locator("pre .hit").count() > 0, `${name}: the line of source of the first finding is not marked`);
    }
    // A word that nothing has hides everything.
    await page.keyboard.press("/");
    await page.keyboard.type("nosuchwordanywhere");
    await page.waitForFunction(() => !document.querySelector("article.card"));
    await page.fill("input[type=search]", "");
    await page.waitForSelector("article.card");
    await page.keyboard.press("Escape");
    await page.selectOption("select[aria-label=kind]", data.findings[0].kind);
    check(await page.locator(`article.card[data-kind="${data.findings[0].kind}"]`).count() > 0, `${name}: the filter by kind hides its own kind`);
    check(await page.locator("article.card").count() === data.findings.filter(f => f.kind === data.findings[0].kind).length, `${name}: the filter by kind lets others through`);
    await page.selectOption("select[aria-label=kind]", "");
    await page.keyboard.press("j");
  }
  const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.keyboard.press("t");
  check(before !== await page.evaluate(() => getComputedStyle(document.body).backgroundColor), `${name}: t does not change between dark and light`);
  await page.keyboard.press("?");
  check(await page.locator("table.keys").isVisible(), `${name}: ? shows no help`);
  await page.close();
}

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  try {
    for (const file of process.argv.slice(2)) await look(browser, file);
  } finally {
    await browser.close();
  }
  for (const p of problems) console.log(p);
  process.exit(problems.length ? 1 : 0);
})().catch(e => { console.log(e.stack); process.exit(1); });
