// Builds the pages, each into one HTML file with its script and style inlined: the report, with the borders of the
// United States and the marker PEAKSTORM_DATA where the library puts the run's data, and the page that follows a run.
//
//   node build.mjs [FOLDER]        writes FOLDER/report.html and live.html (default: dist)
import esbuild from "esbuild";  // CommonJS: node 18 finds no named imports in it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));
const common = { bundle: true, minify: true, write: false, charset: "utf8", logLevel: "warning", absWorkingDir: here };

async function page(name, html, script, markers) {
  const [code, look] = await Promise.all([
    esbuild.build({ ...common, entryPoints: [`src/${script}`], format: "iife", target: "es2020", legalComments: "eof" }),
    esbuild.build({ ...common, entryPoints: ["src/style.css"], target: "es2020" }),
  ]);
  // Inside a script element the parser looks for "</script" and "<!--" even within strings.
  const js = code.outputFiles[0].text.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
  const css = look.outputFiles[0].text.replace(/<\/(style)/gi, "<\\/$1");
  // Functions as replacements: a bundle contains "$&" and "$1", which a string would expand.
  const whole = readFileSync(join(here, "src", html), "utf8").replace("/*STYLE*/", () => css).replace("/*SCRIPT*/", () => js);
  if (whole.split("PEAKSTORM_DATA").length !== markers + 1) throw new Error(`${name} must hold PEAKSTORM_DATA ${markers} times`);
  writeFileSync(join(out, `${name}.html`), whole);
}

mkdirSync(out, { recursive: true });
await Promise.all([page("report", "index.html", "main.js", 1), page("live", "live.html", "live.js", 0)]);
