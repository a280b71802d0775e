// What the browser tests share: a headless Chromium, pages that must keep silent, and what a reader would ask of any.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const browserPath = process.env.PEAKSTORM_CHROMIUM ?? "/usr/bin/chromium";
const axe = readFileSync(join(dirname(createRequire(import.meta.url).resolve("axe-core")), "axe.min.js"), "utf8");
export const phone = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 900 };
export const patience = { timeout: 240_000 };

/** A browser of its own: { context, close() }. */
export async function launch() {
  assert.ok(existsSync(browserPath), `${browserPath} is not there; ./dev setup installs Chromium`);
  const profile = mkdtempSync(join(tmpdir(), "peakstorm-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    timeout: 180_000,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
  });
  context.setDefaultTimeout(90_000);
  return { context, close: async () => { await context.close(); rmSync(profile, { recursive: true, force: true }); } };
}

/** Two frames: observers have run and what they drew is on the screen. */
export const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/**
 * Opens `address`; `work(page)` runs once it is drawn. Fails on any console error, and on any request that `allows(url)`
 * does not name.
 */
export async function openPage(context, address, { viewport = desktop, scheme = "light", drawn = "html[data-ready]", allows = () => false }, work) {
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url().split("#")[0];
    if (url !== address.split("#")[0] && !url.startsWith("data:") && !allows(url)) complaints.push(`request to ${url}`);
  });
  try {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(address);
    await page.waitForSelector(drawn);
    await settled(page);
    const result = await work(page);
    if (!page.isClosed()) await settled(page);
    assert.deepEqual(complaints, [], "console and network stay silent");
    return result;
  } finally {
    await page.close();
  }
}

export const overflow = (page) => page.evaluate(() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return null;
  const guilty = [...document.querySelectorAll("body *")].find((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest(".scroll, nav, .sr"));
  return `${wide} px too wide${guilty ? `: <${guilty.tagName.toLowerCase()} class="${guilty.getAttribute("class")}">` : ""}`;
});

/** Serious and critical findings of axe-core, as text. */
export async function barriers(page) {
  // The page's own policy forbids adding script elements, as it should: axe comes in through the debugger.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")} ${n.any?.[0]?.message ?? ""}`).join("; ")}`);
}
