// The catalogues of the pages: every language says the same things, and code asks for nothing that none of them says.
//
// PEAKSTORM_PAGE: the page's folder in the source tree; ctest sets it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const src = join(process.env.PEAKSTORM_PAGE, "src");
const languages = ["en", "es"];
const catalogues = Object.fromEntries(languages.map((l) => [l, JSON.parse(readFileSync(join(src, "words", `${l}.json`), "utf8"))]));
const slots = (words) => [...new Set(words.match(/\{\w+\}/g) ?? [])].sort().join(" ");

test("every language has the same words, with the same places for values", () => {
  for (const l of languages) assert.deepEqual(Object.keys(catalogues[l]).sort(), Object.keys(catalogues.en).sort(), l);
  for (const [key, words] of Object.entries(catalogues.en)) {
    assert.equal(slots(catalogues.es[key]), slots(words), key);
    assert.equal(catalogues.es[key].includes("|"), words.includes("|"), `${key}: as many forms`);
    for (const l of languages) {
      assert.notEqual(catalogues[l][key], "", `${key} in ${l}`);
      if (catalogues[l][key].includes("|")) assert.equal(catalogues[l][key].split("|").length, 2, `${key} in ${l}: two forms`);
    }
  }
});

test("every mistake that a run may be diagnosed with has its words", () => {
  const code = readFileSync(join(process.env.PEAKSTORM_PAGE, "../../measures/diagnosis.cpp"), "utf8");
  const bugs = [...code.matchAll(/\badd\(\s*"([\w-]+)"/g)].map((m) => m[1]);
  assert.ok(bugs.length >= 20);
  assert.deepEqual(Object.keys(catalogues.en).filter((key) => key.startsWith("diagnosis.")).sort(), bugs.map((bug) => `diagnosis.${bug}`).sort());
});

test("code asks only for words that are there, and all that are there are asked for", () => {
  const code = readdirSync(src).filter((f) => f.endsWith(".js")).map((f) => readFileSync(join(src, f), "utf8")).join("\n");
  const asked = [...code.matchAll(/\bt\(\s*"([^"]+)"/g)].map((m) => m[1]);
  for (const key of asked) assert.ok(key in catalogues.en, `"${key}" is asked for`);
  const literal = new Set([...code.matchAll(/"([\w. ]+)"/g)].map((m) => m[1]));
  // Made of a fixed front and a name of the data: t(`front.${name}`) and named("front", name).
  const fronts = [...code.matchAll(/\bt\(\s*(?:[^"`(]*\?\s*)?`([\w.]+)\$\{/g)].map((m) => m[1])
    .concat([...code.matchAll(/\bnamed\(\s*"([^"]+)"/g)].map((m) => `${m[1]}.`), [...code.matchAll(/`([\w.]+\.)\$\{/g)].map((m) => m[1]));
  const idle = Object.keys(catalogues.en).filter((key) => !literal.has(key) && !fronts.some((front) => key.startsWith(front)));
  assert.deepEqual(idle, []);
});
