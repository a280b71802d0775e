// The built program and its scenarios, for the judges that need a whole run.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
export const secret = "peakstorm-secret-0123456789abcdef";

/// Ends the test as skipped where the modules are not installed.
export function needsModules() {
  if (existsSync(join(here, "node_modules"))) return;
  console.error("tests/adapters/wire/node_modules is missing: run ./dev setup (or npm ci --ignore-scripts there)");
  process.exit(77); // ctest counts it as skipped.
}

/// A folder that is gone when the test ends.
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "peakstorm-wire-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/// The smallest scenario of the library, its parcels with UPS's numbers and its gates left out: what a judge in these
/// tests takes in, it does not show again.
export function smallScenario(folder) {
  const to = join(folder, "first-steps");
  cpSync(join(here, "../../../scenarios/library/first-steps"), to, { recursive: true });
  const file = join(to, "scenario.toml");
  let text = readFileSync(file, "utf8");
  for (const [from, into] of [['number_format = "plain"', 'number_format = "ups_1z"'], ["[gate]\nrequire = [", "[gate]\nrequire = [] #"]]) {
    if (!text.includes(from)) throw new Error(`first-steps has no ${from} any more`);
    text = text.replace(from, into);
  }
  writeFileSync(file, text);
  return to;
}

/// Runs to its end. `onError` is told each line of standard error as it comes.
export function run(command, args, { env = {}, onError } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    process.on("exit", () => child.kill());
    let out = "";
    let err = "";
    let told = 0;
    child.stdout.on("data", (data) => { out += data; });
    child.stderr.on("data", (data) => {
      err += data;
      for (let end; (end = err.indexOf("\n", told)) >= 0; told = end + 1) onError?.(err.slice(told, end));
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}
