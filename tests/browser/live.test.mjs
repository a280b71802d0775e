// Follows a real drill in headless Chromium: the page of --live shows what the run is doing, survives it, and its report
// opens. Then the server alone: whom it answers.
//
// PEAKSTORM: the program; ctest sets it.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { barriers, launch, openPage, overflow, patience, phone } from "./browser.mjs";

const program = process.env.PEAKSTORM;
let browser, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "peakstorm-live-"));
  browser = await launch();
}, patience);
after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Starts a verb with --live 0: { child, url, ended: its exit code, said: what it printed to standard error }. */
async function start(...words) {
  const child = spawn(program, [...words, "--live", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.resume();
  const ended = new Promise((done) => child.on("close", done));
  const url = await new Promise((found, failed) => {
    child.stderr.on("data", (piece) => {
      said += piece;
      const at = said.match(/Live page at (http:\S+)/);
      if (at) found(at[1]);
    });
    ended.then(() => failed(new Error(`no live page: ${said}`)));
  });
  return { child, url, ended, said: () => said };
}

const ask = (url, headers = {}) => new Promise((done, failed) => {
  request(url, { headers }, (answer) => {
    let text = "";
    answer.on("data", (piece) => { text += piece; });
    answer.on("end", () => done({ status: answer.statusCode, text }));
  }).on("error", failed).end();
});

describe("--live", () => {
  test("follows a drill to its report", patience, async () => {
    const out = join(folder, "drill");
    const run = await start("drill", "christmas-2013", "--scale", "0.004", "--seconds", "8", "--out", out, "--quiet");
    const allows = (url) => url.startsWith(run.url) || url.startsWith("blob:");
    await openPage(browser.context, run.url, { allows }, async (page) => {
      await page.locator("#live-network").filter({ hasText: /\d/ }).waitFor();
      assert.match(await page.locator("#headline").innerText(), /: \d+/);
      await page.locator("#live-endpoint").filter({ hasText: /ms|s/ }).waitFor();
      assert.equal(await overflow(page), null);
      assert.deepEqual(await barriers(page), []);
      await page.locator("#banner #report-link").waitFor();
      assert.notEqual(await run.ended, null);
      // The run's process is gone; the report stays in the page.
      await page.locator("#report-link").click();
      await page.waitForSelector("#headline[data-rate]");
      const rate = Number(await page.locator("#headline").getAttribute("data-rate"));
      const data = JSON.parse(readFileSync(join(out, "report.html"), "utf8").match(/id="data">(.*?)<\/script>/s)[1]);
      assert.equal(rate, data.on_time.find((o) => o.definition === "promise" && o.population === "retailer").rate, "it is this run's report");
    });
  });

  test("speaks Spanish, in the dark, on a phone", patience, async () => {
    const run = await start("simulate", "christmas-2013", "--scale", "0.2", "--quiet", "--threads", "1");
    await openPage(browser.context, run.url, { viewport: phone, scheme: "dark", allows: (url) => url.startsWith(run.url) }, async (page) => {
      await page.locator("#live-network").filter({ hasText: /\d/ }).waitFor();
      await page.getByRole("button", { name: "Español" }).click();
      assert.match(await page.locator("#headline").innerText(), /^Simulando/);
      assert.equal(await page.locator("html").getAttribute("lang"), "es");
      assert.equal(await overflow(page), null);
      assert.deepEqual(await barriers(page), []);
      await page.getByRole("button", { name: "English" }).click();
    });
    run.child.kill("SIGINT");
    assert.equal(await run.ended, 1);
  });

  test("a page that watches a run that is stopped reads its end", patience, async () => {
    const run = await start("simulate", "christmas-2013", "--scale", "0.2", "--quiet", "--threads", "1");
    await openPage(browser.context, run.url, { allows: (url) => url.startsWith(run.url) }, async (page) => {
      await page.locator("#live-network").filter({ hasText: /\d/ }).waitFor();
      run.child.kill("SIGINT");
      await page.locator("main").filter({ hasText: "the run was cut short" }).waitFor();
      assert.equal(await run.ended, 1);
      assert.doesNotMatch(await page.locator("main").innerText(), /Nobody answers/);
    });
  });

  test("answers this machine only, and reading only", patience, async () => {
    const run = await start("simulate", "christmas-2013", "--scale", "0.2", "--quiet", "--threads", "1");
    assert.equal((await ask(`${run.url}state.json`)).status, 200);
    assert.equal((await ask(`${run.url}state.json`, { Host: "evil.example:80" })).status, 403);
    assert.equal((await ask(`${run.url}report.html`)).status, 404);
    assert.equal((await ask(`${run.url}elsewhere`)).status, 404);
    run.child.kill("SIGINT");
    await run.ended;
  });

  test("a port that is taken is refused with the cure", patience, async () => {
    const run = await start("simulate", "christmas-2013", "--scale", "0.2", "--quiet", "--threads", "1");
    const other = spawn(program, ["simulate", "christmas-2013", "--scale", "0.001", "--live", new URL(run.url).port], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    other.stderr.on("data", (piece) => { said += piece; });
    assert.equal(await new Promise((done) => other.on("close", done)), 2);
    assert.match(said, /--live: .*choose another port, or 0 for a free one/);
    run.child.kill("SIGINT");
    await run.ended;
  });
});
