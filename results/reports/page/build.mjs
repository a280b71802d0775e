// Builds the page into one HTML template: script, style and the borders of the United States inlined, and
// the marker PEAKSTORM_DATA where the library puts the run's data.
//
//   node build.mjs [OUT]        (default: dist/template.html)
import esbuild from "esbuild";  // CommonJS: node 18 finds no named imports in it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist", "template.html"));

const common = { bundle: true, minify: true, write: false, charset: "utf8", logLevel: "warning", absWorkingDir: here };
const [script, style] = await Promise.all([
  esbuild.build({ ...common, entryPoints: ["src/main.js"], format: "iife", target: "es2020", legalComments: "eof" }),
  esbuild.build({ ...common, entryPoints: ["src/style.css"], target: "es2020" }),
]);

// Inside a script element the parser looks for "</script" and "<!--" even within strings.
const js = script.outputFiles[0].text.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
const css = style.outputFiles[0].text.replace(/<\/(style)/gi, "<\\/$1");

// Functions as replacements: a bundle contains "$&" and "$1", which a string would expand.
const html = readFileSync(join(here, "src", "index.html"), "utf8")
  .replace("/*STYLE*/", () => css)
  .replace("/*SCRIPT*/", () => js);
if (html.split("PEAKSTORM_DATA").length !== 2) throw new Error("the template must hold PEAKSTORM_DATA exactly once");

mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, html);
