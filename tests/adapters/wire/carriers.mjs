// Foreign judges poll the carriers: EasyPost's own client, ajv over UPS's OpenAPI and over schemas that are written here
// from USPS's and FedEx's documents. What they read is compared with the truth.
// Usage: node carriers.mjs PATH_OF_CARRIERS_CORPUS
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

const here = dirname(fileURLToPath(import.meta.url));
if (!existsSync(join(here, "node_modules"))) {
  console.error("tests/adapters/wire/node_modules is missing: run ./dev setup (or npm ci --ignore-scripts there)");
  process.exit(77); // ctest counts it as skipped.
}
const { default: EasyPostClient } = await import("@easypost/api");
const { default: Ajv } = await import("ajv");
const { default: Ajv2020 } = await import("ajv/dist/2020.js");
const { default: addFormats } = await import("ajv-formats");
const yaml = await import("js-yaml");

const folder = mkdtempSync(join(tmpdir(), "peakstorm-carriers-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const program = spawn(process.argv[2], [join(folder, "truth.jsonl")], { stdio: ["pipe", "pipe", "inherit"] });
const url = await new Promise((resolve, reject) => {
  createInterface({ input: program.stdout }).once("line", resolve);
  program.once("exit", (code) => reject(new Error(`carriers_corpus ended with ${code}`)));
});
const truth = readFileSync(join(folder, "truth.jsonl"), "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l));
const of = (service) => truth.filter((parcel) => parcel.service === service);
const told = (parcel) => parcel.scans.filter((scan) => scan.kind !== "eta_changed");
const seconds = (at) => Math.floor(at / 1000) * 1000;
const sorted = (instants) => [...instants].sort((a, b) => a - b);
const descending = (instants) => instants.every((at, i) => i === 0 || instants[i - 1] >= at);

const ask = async (path, options = {}) => {
  const reply = await fetch(url + path, options);
  return { status: reply.status, body: await reply.json() };
};
const form = { "Content-Type": "application/x-www-form-urlencoded" };
const json = { "Content-Type": "application/json" };

async function judgeEasyPost() {
  const client = new EasyPostClient("EZTK1", { baseUrl: `${url}/v2/` });
  const event = JSON.parse(readFileSync(join(here, "easypost_event.schema.json"), "utf8"));
  const schema = event.$defs?.tracker ?? event.properties.result;
  const valid = new Ajv({ allErrors: true }).compile({ ...schema, $defs: event.$defs, definitions: event.definitions });
  const byNumber = new Map(truth.map((parcel) => [parcel.number, parcel]));
  const ids = new Map();
  let page = await client.Tracker.all({ page_size: 100 });
  while (true) {
    for (const tracker of page.trackers) {
      // The client keeps the request beside everything it read.
      const plain = JSON.parse(JSON.stringify(tracker, (name, value) => name === "_params" ? undefined : value));
      assert(valid(plain), `${JSON.stringify(plain)}\n${JSON.stringify(valid.errors)}`);
      assert(!ids.has(tracker.id), "a tracker came twice");
      ids.set(tracker.id, tracker.tracking_code);
      const parcel = byNumber.get(tracker.tracking_code);
      assert.deepEqual(plain.tracking_details.map((d) => Date.parse(d.datetime)), parcel.scans.map((s) => s.at));
    }
    if (!page.has_more) break;
    page = await client.Tracker.getNextPage(page, 100);
  }
  assert.equal(ids.size, truth.length);
  for (const [id, number] of [...ids].slice(0, 100)) {
    assert.equal((await client.Tracker.retrieve(id)).tracking_code, number);
    assert.equal((await client.Tracker.create({ tracking_code: number })).id, id);
  }
  const batch = await client.Tracker.retrieveBatch({ tracking_codes: [...ids.values()].slice(0, 100) });
  assert.equal(batch.trackers.length, 100);
  assert.equal((await client.Tracker.create({ tracking_code: "NOBODYS" })).status, "unknown");
  const refused = (promise, statusCode) => assert.rejects(promise, { statusCode });
  await refused(client.Tracker.retrieve("trk_00000000000000000000000000000001"), 404);
  await refused(client.Tracker.all({ page_size: 1000 }), 400);
  await refused(new EasyPostClient("EZTKx", { baseUrl: `${url}/v2/` }).Tracker.all(), 401);
  return ids.size;
}

async function judgeUps() {
  const file = join(here, "../../../../shared/schemas/ups/Tracking.yaml");
  let valid = null;
  let validError = null;
  if (existsSync(file)) {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addSchema({ $id: "ups", ...yaml.load(readFileSync(file, "utf8")) });
    valid = ajv.compile({ $ref: "ups#/components/schemas/TrackApiResponse" });
    validError = ajv.compile({ $ref: "ups#/components/schemas/Response" });
  } else {
    console.log("UPS's OpenAPI is not beside the project: not judged by it");
  }
  const { body: token } = await ask("/security/v1/oauth/token", {
    method: "POST", body: "grant_type=client_credentials",
    headers: { ...form, Authorization: `Basic ${Buffer.from("id:secret").toString("base64")}` },
  });
  assert.equal(token.status, "approved");
  const headers = { Authorization: `Bearer ${token.access_token}`, transId: "1", transactionSrc: "judge" };
  for (const parcel of of(0)) {
    const { status, body } = await ask(`/api/track/v1/details/${parcel.number}?locale=en_US`, { headers });
    assert.equal(status, 200);
    assert(!valid || valid(body), JSON.stringify(valid?.errors));
    JSON.stringify(body, (name, value) => {
      assert(value !== null && value !== "", name);
      return value;
    });
    const [shipment] = body.trackResponse.shipment;
    assert.equal(shipment.inquiryNumber, parcel.number);
    const instants = shipment.package[0].activity.map((activity) => {
      const [, y, m, d] = /^(\d{4})(\d\d)(\d\d)$/.exec(activity.gmtDate);
      const [, hh, mm, ss] = /^(\d\d)(\d\d)(\d\d)$/.exec(activity.gmtTime);
      const at = Date.UTC(y, m - 1, d, hh, mm, ss);
      const [, sign, oh, om] = /^([+-])(\d\d):(\d\d)$/.exec(activity.gmtOffset);
      const offset = (sign === "-" ? -1 : 1) * (oh * 60 + +om);
      const local = new Date(at + offset * 60_000).toISOString().replace(/[-:T]/g, "");
      assert.equal(activity.date + activity.time, local.slice(0, 14));
      return at;
    });
    assert(descending(instants), "newest first");
    assert.deepEqual(sorted(instants), parcel.scans.map((scan) => seconds(scan.at)));
  }
  const unknown = await ask("/api/track/v1/details/1Z999AA10123456784", { headers });
  assert.equal(unknown.status, 404);
  assert(!validError || validError(unknown.body));
  assert.equal(unknown.body.response.errors[0].code, "TW0001");
  return of(0).length;
}

const text = { type: "string" };
const closed = (properties, required = Object.keys(properties)) =>
  ({ type: "object", properties, required, additionalProperties: false });
const list = (items, more = {}) => ({ type: "array", items, ...more });
const instant = { type: "string", format: "date-time" };
const uspsDetails = closed({
  trackingNumber: text, destinationZIP: text, statusCategory: text, status: text, statusSummary: text,
  predictedDeliveryDate: { type: "string", format: "date" },
  trackingEvents: list(closed({
    eventType: text, eventTimestamp: instant, GMTTimestamp: instant, GMTOffset: text, eventCity: text, eventState: text,
    eventCode: text,
  }, ["eventType", "eventTimestamp", "GMTTimestamp", "GMTOffset", "eventCode"]), { maxItems: 99 }),
}, ["trackingNumber", "statusCategory", "status", "statusSummary", "trackingEvents"]);
const uspsSummary = closed({
  trackingNumber: text, expectedDeliveryDate: { type: "string", format: "date" },
  eventSummaries: list(text, { minItems: 0, maxItems: 99 }),
}, ["trackingNumber", "eventSummaries"]);
const uspsError = closed({
  apiVersion: text,
  error: closed({ code: text, message: text, errors: list(closed({
    status: text, code: text, title: text, detail: text, source: closed({ parameter: text }),
  }, ["status", "code", "title", "detail"])) }),
});

async function judgeUsps() {
  const ajv = new Ajv({ allErrors: true });
  addFormats(ajv);
  const [details, summary, failure] = [uspsDetails, uspsSummary, uspsError].map((schema) => ajv.compile(schema));
  const { body: token } = await ask("/oauth2/v3/token", {
    method: "POST", headers: json,
    body: JSON.stringify({ grant_type: "client_credentials", client_id: "id", client_secret: "secret" }),
  });
  assert(Number.isInteger(token.expires_in));
  const headers = { Authorization: `Bearer ${token.access_token}` };
  for (const parcel of of(2)) {
    const { status, body } = await ask(`/tracking/v3/tracking/${parcel.number}?expand=DETAIL`, { headers });
    assert.equal(status, 200);
    assert(details(body), JSON.stringify(details.errors));
    const instants = body.trackingEvents.map((event) => {
      assert.equal(Date.parse(event.eventTimestamp), Date.parse(event.GMTTimestamp));
      assert(event.eventTimestamp.endsWith(event.GMTOffset) || event.GMTOffset === "+00:00");
      return Date.parse(event.GMTTimestamp);
    });
    assert(descending(instants), "newest first");
    assert.deepEqual(sorted(instants), told(parcel).map((scan) => seconds(scan.at)));
    const brief = await ask(`/tracking/v3/tracking/${parcel.number}`, { headers });
    assert(summary(brief.body), JSON.stringify(summary.errors));
    assert.equal(brief.body.eventSummaries.length, instants.length);
  }
  const unknown = await ask("/tracking/v3/tracking/9400100000000000000000", { headers });
  assert.equal(unknown.status, 404);
  assert(failure(unknown.body), JSON.stringify(failure.errors));
  return of(2).length;
}

const fedexLocation = closed({ city: text, stateOrProvinceCode: text });
const fedexReply = closed({
  transactionId: { type: "string", format: "uuid" },
  output: closed({ completeTrackResults: list(closed({
    trackingNumber: text,
    trackResults: list(closed({
      trackingNumberInfo: closed({ trackingNumber: text, trackingNumberUniqueId: text, carrierCode: text }),
      latestStatusDetail: closed({ code: text, derivedCode: text, statusByLocale: text, description: text,
        scanLocation: fedexLocation }),
      dateAndTimes: list(closed({ type: { enum: ["SHIP", "ESTIMATED_DELIVERY", "ACTUAL_DELIVERY"] }, dateTime: text })),
      scanEvents: list(closed({ date: instant, eventType: text, eventDescription: text, exceptionCode: text,
        exceptionDescription: text, scanLocation: fedexLocation, derivedStatus: text, derivedStatusCode: text })),
      error: closed({ code: text, message: text }),
    }, ["trackingNumberInfo"])),
  })) }),
});

async function judgeFedEx() {
  const ajv = new Ajv({ allErrors: true });
  addFormats(ajv);
  const valid = ajv.compile(fedexReply);
  const { body: token } = await ask("/oauth/token", {
    method: "POST", headers: form, body: "grant_type=client_credentials&client_id=id&client_secret=secret",
  });
  assert.equal(token.scope, "CXS");
  const track = async (numbers) => ask("/track/v1/trackingnumbers", {
    method: "POST", headers: { ...json, Authorization: `Bearer ${token.access_token}` },
    body: JSON.stringify({ includeDetailedScans: true,
      trackingInfo: numbers.map((trackingNumber) => ({ trackingNumberInfo: { trackingNumber } })) }),
  });
  const parcels = of(1);
  for (let i = 0; i < parcels.length; i += 30) {
    const some = parcels.slice(i, i + 30);
    const { status, body } = await track(some.map((parcel) => parcel.number));
    assert.equal(status, 200);
    assert(valid(body), JSON.stringify(valid.errors));
    body.output.completeTrackResults.forEach((result, k) => {
      assert.equal(result.trackingNumber, some[k].number);
      const instants = result.trackResults[0].scanEvents.map((event) => Date.parse(event.date));
      assert(descending(instants), "newest first");
      assert.deepEqual(sorted(instants), told(some[k]).map((scan) => seconds(scan.at)));
    });
  }
  const unknown = await track(["999999999999"]);
  assert(valid(unknown.body), JSON.stringify(valid.errors));
  assert.equal(unknown.body.output.completeTrackResults[0].trackResults[0].error.code,
    "TRACKING.TRACKINGNUMBER.NOTFOUND");
  assert.equal((await track(parcels.slice(0, 31).map((parcel) => parcel.number))).status, 400);
  return parcels.length;
}

for (const [name, judge] of [["EasyPost's client and schema", judgeEasyPost], ["UPS's OpenAPI", judgeUps],
  ["USPS's documented schema", judgeUsps], ["FedEx's documented schema", judgeFedEx]]) {
  const start = performance.now();
  const count = await judge();
  assert(count >= 1000, `only ${count} parcels`);
  console.log(`${name}: ${count} parcels, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
program.removeAllListeners("exit");
program.stdin.end();
