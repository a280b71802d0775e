// UPS Track Alert against OpenAPI documents, through a validating HTTP server: Prism answers 422 to what its document
// does not allow. A whole run's messages are sent by `peakstorm drill`: the published schema's dialect is taken to the
// last message, the one with the quirks of life refused to the last. Messages that Prism took are then tampered with.
// The first document is our own (ups_track_alert.openapi.yaml); the second is derived from UPS's where that lies beside
// the project.
// Usage: node ups_prism.mjs PATH_OF_PEAKSTORM
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { here, needsModules, run, secret, temporaryFolder, smallScenario } from "./program.mjs";

needsModules();
const yaml = await import("js-yaml");
const folder = temporaryFolder();
const scenario = smallScenario(folder);

/// A port that was free a moment ago.
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function prism(document) {
  const port = await freePort();
  const child = spawn(process.execPath, [join(here, "node_modules/@stoplight/prism-cli/dist/index.js"), "mock", "-h",
    "127.0.0.1", "-p", String(port), "--verboseLevel", "info", document], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (data) => {
      if (text.includes("Prism is listening")) return;
      text += data;
      if (text.includes("Prism is listening")) resolve();
    });
    child.on("exit", (code) => reject(new Error(`Prism ended with ${code}: ${text}`)));
  });
  return { url: `http://127.0.0.1:${port}`, end: () => child.kill() };
}

async function drill(against, format, rate, name) {
  const finished = await run(process.argv[2], ["drill", scenario, "--rate", String(rate), "--write-only", "--format", format,
    "--against", against, "--webhook-path", "/track-alert", "--json", "--out", join(folder, name)],
  { env: { PEAKSTORM_WEBHOOK_SECRET: secret } });
  assert.equal(finished.code, 0, finished.err);
  return JSON.parse(finished.out).replay;
}

/// UPS's own document describes what UPS sends as a callback of its API: here it becomes a path of its own.
function derived(path) {
  const document = yaml.load(readFileSync(path, "utf8"));
  const file = join(folder, "derived.json");
  writeFileSync(file, JSON.stringify({
    openapi: "3.1.0",
    info: { title: "derived", version: "2" },
    paths: {
      "/track-alert": {
        post: {
          parameters: [{ name: "User-Agent", in: "header", required: true, schema: { type: "string" } }],
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/TrackingEventRequest" } } },
          },
          responses: { 200: { description: "taken" } },
        },
      },
    },
    components: { schemas: document.components.schemas },
  }));
  return file;
}

const taken = {
  trackingNumber: "1Z204W4R0308071865", localActivityDate: "20250603", localActivityTime: "081500",
  gmtActivityDate: "20250603", gmtActivityTime: "131500", gmtOffset: "-05.00",
  activityLocation: { city: "Chicago", stateProvince: "IL" },
  activityStatus: { type: "I", code: "OT", description: "Out for delivery" }, scheduledDeliveryDate: "20250603",
};
const tampered = [
  { gmtOffset: "-05:00" }, { localActivityTime: "250000" }, { localActivityDate: "2025-06-03" }, { gmtActivityTime: 131500 },
  { trackingNumber: "1Z204W4R" }, { trackingNumber: undefined }, { activityStatus: undefined },
  { activityStatus: { type: "Q" } }, { scheduledDeliveryDate: "" }, { activityLocation: { stateProvince: "Illinois" } },
  { activityLocation: [] }, { actualDeliveryTime: null },
];

async function judge(name, document, both) {
  const start = performance.now();
  const server = await prism(document);
  const headers = { "Content-Type": "application/json", "User-Agent": "UPSPubSubTrackingService",
    Authorization: `Bearer ${secret}` };
  const post = async (body, changes = {}) =>
    (await fetch(`${server.url}/track-alert`, { method: "POST", headers: { ...headers, ...changes }, body })).status;
  assert.equal(await post(JSON.stringify(taken)), 200);
  for (const changes of tampered) {
    assert.equal(await post(JSON.stringify({ ...taken, ...changes })), 422, JSON.stringify(changes));
  }
  assert.equal(await post(JSON.stringify(taken).slice(1)), 400, "no JSON");
  const strict = await drill(server.url, "ups-track-alert", 1000, `${name}-strict`);
  assert(strict.scans >= 1000, `only ${strict.scans} messages`);
  assert.equal(strict.acknowledged, strict.scans);
  assert.equal(strict.refused, 0);
  if (both) {
    const wired = await drill(server.url, "ups-track-alert/as-wired", 1000, `${name}-wired`);
    assert.equal(wired.refused, wired.scans, "empty text passes");
  }
  server.end();
  console.log(`Prism, ${name}: ${strict.scans} messages, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

await judge("our document", join(here, "ups_track_alert.openapi.yaml"), true);
const theirs = join(here, "../../../../shared/schemas/ups/UPSTrackAlert.yaml");
if (existsSync(theirs)) await judge("UPS's document", derived(theirs), false);
else console.log("not judged by UPS's own document, because it is not beside the project");
