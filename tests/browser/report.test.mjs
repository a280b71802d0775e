// Opens reports in headless Chromium at both widths and asks what a reader would: does it draw, does it agree
// with run.sqlite, can it be used with a keyboard, does it fit a phone, does it call nobody.
//
// PEAKSTORM_FIXTURE: the program that makes the run folders; PEAKSTORM_FIXTURE_DIR: where. ctest sets both.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { barriers, desktop, launch, openPage, overflow, patience, phone, settled } from "./browser.mjs";

const fixture = process.env.PEAKSTORM_FIXTURE;
const runs = process.env.PEAKSTORM_FIXTURE_DIR;
let browser;

// In one: when the fixture fails, no browser is started that nobody would end.
before(async () => {
  mkdirSync(runs, { recursive: true });
  execFileSync(fixture, [runs], { stdio: "inherit" });
  browser = await launch();
}, patience);
after(async () => browser?.close());

/** Opens a run's report; its address may go on behind `run`: "drill#parcels". */
const open = (run, options, work) => {
  const [folder, hash] = run.split("#");
  return openPage(browser.context, pathToFileURL(join(runs, folder, "report.html")).href + (hash ? `#${hash}` : ""), options, work);
};

/** What run.sqlite itself says, as the fixture program reads it. */
function truth(run) {
  const [kept, broken, rate] = execFileSync(fixture, ["--headline", join(runs, run)], { encoding: "utf8" }).trim().split(" ").map(Number);
  return { kept, broken, rate };
}

describe("the report of a drill", () => {
  test("says what run.sqlite says", patience, async () => {
    const { kept, broken, rate } = truth("drill");
    assert.ok(kept > 0 && broken > 0, "the fixture keeps some and breaks some");
    assert.ok(Math.abs(rate - kept / (kept + broken)) < 1e-9, "one replication: the rate is that of its counts");
    await open("drill", {}, async (page) => {
      const headline = page.locator("#headline");
      assert.ok(Math.abs(Number(await headline.getAttribute("data-rate")) - rate) < 1e-9);
      assert.equal((await headline.innerText()).replace(/\s/g, ""), `${(100 * rate).toFixed(1)}%`);
      assert.equal(Number((await page.locator("#headline-broken").innerText()).replace(/\D/g, "")), broken);
      assert.match(await page.locator("#lead").innerText(), /2 of 3 gates failed/);
    });
  });

  test("with replications gives their mean and interval, and says whose counts it shows", patience, async () => {
    const { kept, broken, rate } = truth("replicated");
    const first = kept / (kept + broken);
    assert.ok(Math.abs(rate - first) > 0.005, "the fixture's first replication is not the mean");
    await open("replicated", {}, async (page) => {
      assert.equal((await page.locator("#headline").innerText()).replace(/\s/g, ""), `${(100 * rate).toFixed(1)}%`);
      assert.match(await page.locator("h1").innerText(), /in the first replication/);
      const note = (await page.locator("#replications").innerText()).replace(/[\s\u202f]/g, "");
      assert.match(note, /5replications,95%interval/);
      assert.ok(note.includes(`kept${(100 * first).toFixed(1)}%`));
      assert.ok((await page.locator(".definition .range").count()) >= 7, "every rate has its interval");
    });
    await open("drill", {}, async (page) => assert.equal(await page.locator("#replications").count(), 0));
  });

  test("answers which, where, why and what it costs", patience, () =>
    open("drill", {}, async (page) => {
      const answers = await page.locator("#minute .answer").allInnerTexts();
      assert.equal(answers.length, 4);
      assert.match(answers[0], /24 Dec/);
      assert.equal(answers[1], "louisville-worldport");
      assert.equal(answers[2], "Sort backlog");
      assert.match(answers[3], /^\$[\d,]+$/);
    }));

  test("fills its tables and draws its charts", patience, () =>
    open("drill", {}, async (page) => {
      for (const table of ["#lost-table", "#latency-table", "#finding-table", "#conservation-table"])
        assert.ok((await page.locator(`${table} tbody tr`).count()) >= 3, `${table} has rows`);
      assert.ok((await page.locator("[data-definition]").count()) >= 8, "every definition stands in the list");
      for (const chart of ["#kept-by-day", "#broken-by-day", "#lateness", "#why", "#latency", "#throughput", "#staleness", "#backlog-grid"])
        assert.ok((await page.locator(`${chart} svg[role=img][aria-label]`).count()) > 0, `${chart} is drawn and described`);
      assert.equal(await page.locator("#backlog-grid figure").count(), 8);
      assert.ok((await page.locator(".example").count()) > 0, "an example of a finding is told");
      assert.match(await page.locator("#findings .example .missing").first().innerText(), /departed/);
      const shown = await page.locator("#lost-table tbody tr").count();
      await page.getByRole("button", { name: /^Show all/ }).first().click();
      assert.ok((await page.locator("#lost-table tbody tr").count()) > shown, "the rest of the table unfolds");
    }));

  test("moves its map by keyboard and by the play button", patience, () =>
    open("drill", {}, async (page) => {
      const clock = page.locator("#clock");
      const slider = page.locator("#time");
      const before = await clock.innerText();
      const radius = () => page.locator('[data-place="chicago-hodgkins"]').getAttribute("r");
      const size = await radius();
      await slider.focus();
      for (let i = 0; i < 6; ++i) await page.keyboard.press("ArrowLeft");
      assert.notEqual(await clock.innerText(), before, "the clock follows the slider");
      assert.equal(await slider.getAttribute("aria-valuetext"), await clock.innerText());
      assert.notEqual(await radius(), size, "a place's circle follows the slider");
      await page.keyboard.press("Home");
      const start = await clock.innerText();
      assert.match(start, /24 Nov 2013|25 Nov 2013/);
      await page.locator("#play").click();
      await page.locator("#clock").filter({ hasNotText: start }).waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      assert.equal(await page.locator("#play").getAttribute("aria-label"), "Play");
      // Two days into the ice storm its area is on the map.
      await slider.fill(String(12 * 24));
      assert.ok((await page.locator(".weather.on").count()) >= 1, "the storm shows");
      assert.match(await page.locator("#mapsum").innerText(), /ice storm/);
      await page.locator("#carrier").selectOption("FedEx");
      assert.match(await page.locator("#mapsum").innerText(), /at FedEx/);
    }));

  for (const [name, viewport] of [["a phone", phone], ["a desktop", desktop]]) {
    for (const scheme of ["light", "dark"]) {
      test(`fits ${name} and bars nobody, ${scheme}`, patience, () =>
        open("drill", { viewport, scheme }, async (page) => {
          assert.equal(await overflow(page), null, "no horizontal scroll");
          assert.deepEqual(await barriers(page), []);
        }));
    }
  }

  test("tells what the shopper was sent, in the page's language", patience, () =>
    open("drill", {}, async (page) => {
      const story = page.locator("#parcels .example").first();
      assert.equal(await story.locator("[data-notice]").count(), 4);
      const delay = story.locator("[data-notice=notice_delay]");
      assert.match(await delay.locator("summary").innerText(), /Your order 0{14}\w\w comes later than promised/);
      assert.ok(!(await delay.locator("p").first().isVisible()), "the text waits behind its subject");
      await delay.locator("summary").focus();
      await page.keyboard.press("Enter");
      assert.match(await delay.innerText(), /We promised your parcel for \w+ \d+ \w+/);
      assert.match(await delay.innerText(), /It is now expected on \w+ \d+/);
      await page.locator(".languages [lang=es]").click();
      await page.locator("html[lang=es]").waitFor();
      assert.match(await page.locator("#parcels .example").first().innerText(), /Lo que se envió al comprador[\s\S]*Su pedido 0{14}\w\w está en camino/);
      assert.doesNotMatch(await page.locator("#parcels").innerText(), /Your order/);
      // The choice is remembered, and the next test reads English.
      await page.getByRole("button", { name: "English" }).click();
    }));

  test("says what was given for broken promises, and what shoppers are worth", patience, () =>
    open("drill", {}, async (page) => {
      const said = (await page.locator("#recovery").innerText()).replace(/[\u202f\u00a0]/g, " ");
      for (const figure of ["3,600", "61.0 %", "$54,000", "$40,000", "31.4", "4.02 of 5", "41.2 %", "$23.10", "$21.90 to $24.05", "$19.80"])
        assert.ok(said.includes(figure), `${figure} in: ${said}`);
      assert.equal(await page.locator("#recovery-table tbody tr").count(), 3);
    }));

  test("states which figures were fitted, which predicted, and the error of each", patience, () =>
    open("drill", {}, async (page) => {
      const rows = page.locator("#validation-table tbody tr");
      assert.deepEqual(await rows.locator("[data-kind]").allInnerTexts(), ["fitted", "predicted", "predicted"]);
      const [kept, broken] = execFileSync(fixture, ["--cut", join(runs, "drill")], { encoding: "utf8" }).trim().split(" ").map(Number);
      assert.ok(kept + broken > 0);
      assert.ok(Math.abs(Number(await rows.nth(0).locator("[data-error]").getAttribute("data-error")) - (kept / (kept + broken) - 0.83)) < 1e-9);
      assert.ok(Math.abs(Number(await rows.nth(1).locator("[data-error]").getAttribute("data-error")) - 0.4) < 1e-9);
      assert.match(await rows.nth(2).innerText(), /0\.10[\s\S]*not measured/, "no share, as far as anybody knows");
      assert.match(await rows.nth(0).innerText(), /A newspaper\. an estimate/);
    }));

  test("leads from a number to the parcels behind it", patience, () =>
    open("drill", {}, async (page) => {
      const stories = page.locator("#parcels .example");
      assert.ok((await stories.count()) >= 3, "some are told at once");
      assert.match(await stories.first().innerText(), /What happened[\s\S]*Departed hebron-warehouse[\s\S]*What the shopper could see/);
      await page.locator("#lost-table a.behind").first().focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(/#parcels\?/);
      await page.locator("#parcels-status").filter({ hasText: "held up at louisville-worldport, by sort backlog" }).waitFor();
      for (const story of await stories.allInnerTexts()) assert.match(story, /Lost most time by sort backlog at louisville-worldport/);
      assert.equal(await page.evaluate(() => document.activeElement.id), "parcels-status", "the reader is taken there");
      await page.locator("#parcels .clear").click();
      await page.locator("#parcels-status").filter({ hasText: /^\d+ parcels are told of here, chosen/ }).waitFor();
    }));

  test("tells what the carrier never told, and what it told late", patience, () =>
    open("drill#parcels?place=0", {}, async (page) => {
      while (await page.locator("#parcels .more").isVisible()) await page.locator("#parcels .more").click();
      const all = (await page.locator("#parcels .example").allInnerTexts()).join("\n");
      assert.match(all, /the carrier never told/);
      assert.match(all, /told 180 min later/);
    }));

  test("draws what flows on the map, and hides it on demand", patience, () =>
    open("drill", {}, async (page) => {
      await page.locator("#time").fill(String(20 * 24));
      assert.ok((await page.locator(".flow:visible").count()) >= 1);
      assert.match(await page.locator("#top-flows").innerText(), /hebron-warehouse → /);
      await page.locator("#flows").uncheck();
      assert.equal(await page.locator(".flow:visible").count(), 0);
    }));

  test("speaks Spanish: by the browser's wish or the reader's", patience, () =>
    open("drill", { viewport: phone }, async (page) => {
      const rate = await page.locator("#headline").getAttribute("data-rate");
      await page.getByRole("button", { name: "Español" }).click();
      await page.locator("html[lang=es]").waitFor();
      assert.equal(await page.locator("#headline").getAttribute("data-rate"), rate);
      assert.match(await page.locator("#headline").innerText(), /,\d\s%/u);
      assert.match(await page.locator("#lead").innerText(), /Fallaron 2 de 3 condiciones: la mayoría se rompe el martes, 24 de diciembre/);
      assert.match(await page.title(), /informe de Peakstorm/);
      assert.match(await page.locator("#diagnosis").innerText(), /drops-late-scans: la mayoría de las lecturas perdidas llegaron después de otras posteriores\./);
      assert.doesNotMatch(await page.locator("#findings").innerText(), /lost scans came|is not shown/);
      assert.match(await page.locator(".gate.failed").first().getAttribute("title"), /^se exige promise_kept >= 0\.9; fue [\d,]+\s%$/u);
      assert.match(await page.locator("#validation").innerText(), /ajustada[\s\S]*predicha[\s\S]*no medido/);
      assert.match(await page.locator("#recovery").innerText(), /Pedidos compensados[\s\S]*presupuesto agotado: una disculpa/);
      for (const word of ["Where", "Broken", "Parcels", "broken", "Kept"])
        assert.equal((await page.locator("main").innerText()).includes(`${word} `), false, `no English "${word}" is left`);
      assert.equal(await overflow(page), null);
      assert.deepEqual(await barriers(page), []);
      await page.getByRole("button", { name: "English" }).click();
      await page.locator("html[lang=en]").waitFor();
    }));

  test("prints without its controls", patience, () =>
    open("drill", {}, async (page) => {
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.locator("#play").isVisible(), false);
      assert.equal(await page.locator("nav.contents").isVisible(), false);
      assert.equal(await page.locator("#headline").isVisible(), true);
    }));
});

describe("other runs", () => {
  test("one that only simulated says so and shows no endpoint", patience, () =>
    open("simulate", {}, async (page) => {
      assert.equal(await page.locator("#no-endpoint").count(), 1);
      assert.equal(await page.locator("#latency").count(), 0);
      assert.equal(await page.locator("#findings").count(), 0);
    }));

  test("a partial one is marked", patience, async () => {
    await open("partial", {}, async (page) => assert.match(await page.locator("#partial").innerText(), /Partial run/));
    await open("simulate", {}, async (page) => assert.equal(await page.locator("#partial").count(), 0));
  });

  test("a world outside the United States gets a plain map", patience, () =>
    open("abroad", { viewport: phone }, async (page) => {
      assert.equal(await page.locator(".land").count(), 0);
      assert.equal(await page.locator(".place").count(), 4);
      for (const x of await page.locator(".place").evaluateAll((all) => all.map((c) => Number(c.getAttribute("cx")))))
        assert.ok(x > 0 && x < 390, "every place is on the map");
      assert.equal(await overflow(page), null);
    }));

  test("an empty one still opens", patience, () =>
    open("empty", { viewport: phone }, async (page) => {
      assert.match(await page.locator("h1").innerText(), /Nothing fell due/);
      assert.equal(await overflow(page), null);
    }));

  test("names cannot leave their place in the page", patience, () =>
    open("hostile", {}, async (page) => {
      assert.notEqual(await page.title(), "broken out");
      assert.match(await page.locator(".eyebrow").innerText(), /<\/script><script>document\.title/);
      assert.match(await page.locator("#lost-table").innerText(), /<\/script>/);
    }));
});

describe("the report of a large run", () => {
  // Goal: 7,000 places, 6,000 causes and figures, and 240,000 samples of backlog make no page that cannot be mailed or
  // that a phone cannot hold. Bytes and elements stand for time, which a test must not depend on.
  test("stays small: bytes, and elements at first sight", patience, async () => {
    const bytes = statSync(join(runs, "large", "report.html")).size;
    assert.ok(bytes < 5_000_000, `${bytes} bytes`);
    assert.ok(bytes > statSync(join(runs, "drill", "report.html")).size + 500_000, "the large run is larger");
    await open("large", { viewport: phone }, async (page) => {
      const elements = await page.evaluate(() => document.querySelectorAll("*").length);
      assert.ok(elements < 15_000, `${elements} elements`);
      assert.equal(await overflow(page), null);
    });
  });
});

describe("the page of a comparison", () => {
  /** Its script only changes the language: what the parser has read is all there is. */
  const compared = (run, how, work) => open(run, { drawn: "main", ...how }, work);
  const result = (run) => JSON.parse(readFileSync(join(runs, run, "comparison.json"), "utf8"));

  test("says what comparison.json says", patience, async () => {
    const { policies, selected, statement, league, explored } = result("comparison");
    await compared("comparison", {}, async (page) => {
      assert.ok((await page.locator("h1").innerText()).includes(selected));
      assert.equal(await page.locator("p.lead").innerText(), statement);
      const rows = page.getByRole("region", { name: "All policies" }).locator("tbody tr");
      assert.equal(await rows.count(), policies.length);
      for (const policy of policies) {
        const cells = await rows.filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${policy.name}\\b`) }) }).locator("td").allInnerTexts();
        assert.equal(Number(cells[0]), policy.seasons);
        assert.ok(cells[1].startsWith((100 * policy.means.promise_kept.mean).toFixed(2)));
        assert.ok(cells[2].startsWith(policy.means.cost_per_order.mean.toFixed(2)));
        if (!policy.control) assert.ok(cells[1].includes((100 * policy.differences.promise_kept.low).toFixed(2)));
      }
      assert.equal(await page.locator(".dot.front, .dot.pick").count(), result("comparison").pareto.length);
      assert.equal(await page.getByRole("region", { name: "Carriers" }).locator("tbody tr").count(), league.rows.length);
      assert.ok((await page.locator("main").innerText()).includes(`${explored.points} of the ${explored.of} points`));
    });
  });

  test("draws a row per policy and yardstick, each with its words", patience, () =>
    compared("comparison", {}, async (page) => {
      const tracks = page.locator(".track[role=img]");
      assert.equal(await tracks.count(), 5 * 5);
      for (const label of await tracks.evaluateAll((all) => all.map((t) => t.getAttribute("aria-label"))))
        assert.match(label, /^policy-\d: [+-][\d.]+ \([+-][\d.]+ to [+-][\d.]+\)$/);
    }));

  for (const [run, name, viewport, scheme] of [
    ["comparison", "a phone", phone, "light"], ["comparison", "a desktop", desktop, "dark"],
    ["comparison-large", "a phone", phone, "dark"], ["comparison-large", "a desktop", desktop, "light"]])
    test(`${run} fits ${name} and bars nobody, ${scheme}`, patience, () =>
      compared(run, { viewport, scheme }, async (page) => {
        assert.equal(await overflow(page), null, "no horizontal scroll");
        assert.deepEqual(await barriers(page), []);
      }));

  for (const [viewport, scheme] of [[phone, "dark"], [desktop, "light"]])
    test(`speaks Spanish at ${viewport.width} pixels, and keeps the numbers`, patience, async () => {
      const { policies, selected, explored } = result("comparison");
      await compared("comparison", { viewport, scheme }, async (page) => {
        const before = await page.locator(".track").evaluateAll((all) => all.map((t) => t.innerHTML));
        await page.getByRole("button", { name: "Español" }).focus();
        await page.keyboard.press("Enter");
        await page.locator("html[lang=es]").waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.lang), "es", "the focus stays on the button");
        assert.ok((await page.locator("h1").innerText()).includes(selected));
        assert.match(await page.title(), /: políticas comparadas$/);
        assert.deepEqual(await page.locator(".track").evaluateAll((all) => all.map((t) => t.innerHTML)), before);
        assert.match(await page.locator("p.lead").innerText(), /^La política «.*» frente a «.*», .*: [+-][\d,]+ .* temporadas pareadas; .*\)\. Con probabilidad|^No se encuentra|^La política/);
        const said = await page.locator("main").innerText();
        assert.ok(said.includes(`${explored.points} de los ${explored.of} puntos`));
        assert.ok(said.includes((100 * policies[0].means.promise_kept.mean).toFixed(2).replace(".", ",")));
        for (const english of ["Promises", "seasons", "Differences", "How to read", "certainly"]) assert.ok(!said.includes(english), english);
        assert.equal(await overflow(page), null);
        assert.deepEqual(await barriers(page), []);
        await page.getByRole("button", { name: "English" }).click();
        await page.locator("html[lang=en]").waitFor();
      });
    });

  test("its tables scroll by keyboard on a phone", patience, () =>
    compared("comparison", { viewport: phone }, async (page) => {
      const table = page.getByRole("region", { name: "All policies" });
      await table.focus();
      for (let i = 0; i < 5; ++i) await page.keyboard.press("ArrowRight");
      let scrolled = 0;
      for (let frames = 0; frames < 240 && scrolled === 0; ++frames) {
        await settled(page);
        scrolled = await table.evaluate((box) => box.scrollLeft);
      }
      assert.ok(scrolled > 0);
    }));

  test("names cannot leave their place in it", patience, () =>
    compared("comparison-hostile", {}, async (page) => {
      assert.equal(await page.locator("script").count(), 1, "the page's own");
      assert.equal(await page.locator("img").count(), 0);
      await page.getByRole("button", { name: "Español" }).click();
      assert.equal(await page.locator("script").count(), 1);
      assert.ok((await page.locator("main").innerText()).includes("<script>alert(1)</script>"));
      await page.getByRole("button", { name: "English" }).click();
      assert.ok((await page.locator("main").innerText()).includes("<script>alert(1)</script>"));
    }));
});

describe("two runs side by side", () => {
  const pair = (options, work) => openPage(browser.context, pathToFileURL(join(runs, "pair.html")).href, options, work);

  test("the numbers are those of both databases", patience, async () => {
    const a = truth("drill"), b = truth("replicated");
    await pair({}, async (page) => {
      assert.ok(Math.abs(Number(await page.locator("#headline").getAttribute("data-difference")) - (b.rate - a.rate)) < 1e-9);
      assert.match(await page.locator("#headline").innerText(), /^replicated keeps 1\.7.points fewer than drill/);
      const row = page.locator("#pair-table tbody tr").first();
      assert.deepEqual((await row.locator("td .value").allInnerTexts()).slice(0, 2).map((x) => x.replace(/\s/gu, "")), [a.rate, b.rate].map((r) => `${(100 * r).toFixed(1)}%`));
      assert.ok((await page.locator("#pair-kept svg[role=img]").count()) > 0);
    });
  });
  for (const viewport of [phone, desktop]) {
    test(`fits ${viewport.width} px and bars nobody`, patience, () =>
      pair({ viewport }, async (page) => {
        assert.equal(await overflow(page), null);
        assert.deepEqual(await barriers(page), []);
      }));
  }
});
