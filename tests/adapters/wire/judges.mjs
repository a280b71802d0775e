// Foreign judges: EasyPost's own library, the CloudEvents SDK, ajv and ts-tracking-number read everything that
// wire_corpus writes, compare it with the truth beside it, and must refuse the same messages tampered with.
// Usage: node judges.mjs PATH_OF_WIRE_CORPUS
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

const here = dirname(fileURLToPath(import.meta.url));
if (!existsSync(join(here, "node_modules"))) {
  console.error("tests/adapters/wire/node_modules is missing: run ./dev setup (or npm ci --ignore-scripts there)");
  process.exit(77); // ctest counts it as skipped.
}
const { default: EasyPostClient } = await import("@easypost/api");
const { HTTP } = await import("cloudevents");
const { default: Ajv } = await import("ajv");
const tracking = (await import("ts-tracking-number")).default;

const secret = "peakstorm-secret-0123456789abcdef";
const folder = mkdtempSync(join(tmpdir(), "peakstorm-wire-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
execFileSync(process.argv[2], [folder], { stdio: "inherit" });

const lines = (name) =>
  readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
const headersOf = (text) =>
  Object.fromEntries(text.split("\r\n").filter(Boolean).map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  }));
const lower = (headers) => Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
const one = (list, i) => list[i % list.length];

function judgeEasyPost() {
  const client = new EasyPostClient("no-key");
  const schema = JSON.parse(readFileSync(join(here, "easypost_event.schema.json"), "utf8"));
  const valid = new Ajv({ allErrors: true }).compile(schema);
  const messages = lines("easypost.jsonl");
  assert(messages.length >= 1000, `only ${messages.length} EasyPost messages`);
  const ids = new Set();
  let wholeOunces = 0;
  messages.forEach((m, i) => {
    const headers = headersOf(m.headers);
    const body = Buffer.from(m.body, "utf8");
    const event = client.Utils.validateWebhook(body, headers, secret);
    assert(valid(event), `${m.body}\n${JSON.stringify(valid.errors)}`);
    assert(!ids.has(event.id), "an event id came twice");
    ids.add(event.id);
    assert.equal(event.result.tracking_code, m.number);
    const details = event.result.tracking_details;
    assert.equal(details.length, m.sequence + 1, "the full history so far");
    const newest = details[m.sequence];
    assert.equal(Date.parse(newest.datetime), m.at);
    assert.equal(newest.tracking_location.city ?? "", m.place);
    for (let k = 1; k < details.length; ++k) {
      assert(Date.parse(details[k - 1].datetime) <= Date.parse(details[k].datetime), "ascending by instant");
    }
    if (Number.isInteger(event.result.weight)) ++wholeOunces;

    const refused = (bytes, h, s) => assert.throws(() => client.Utils.validateWebhook(bytes, h, s));
    const tampered = Buffer.from(body);
    const at = (i * 7919) % tampered.length;
    tampered[at] ^= 1;
    refused(tampered, headers, secret);
    refused(body, headers, secret + "x");
    const { "X-Hmac-Signature": signature, ...unsigned } = headers;
    refused(body, unsigned, secret);
    const wrong = signature.slice(0, -1) + (signature.endsWith("0") ? "1" : "0");
    refused(body, { ...unsigned, "X-Hmac-Signature": wrong }, secret);
  });
  assert(wholeOunces > 100, "the corpus has whole weights, which EasyPost's verifier rewrites");
  return messages.length;
}

function judgeCloudEvents(name) {
  const messages = lines(`${name}.jsonl`);
  assert(messages.length >= 1000, `only ${messages.length} messages of ${name}`);
  const keys = new Set();
  messages.forEach((m, i) => {
    const headers = lower(headersOf(m.headers));
    const event = HTTP.toEvent({ headers, body: m.body });
    assert(event.validate());
    assert.equal(event.specversion, "1.0");
    assert.equal(event.type, `peakstorm.scan.${m.kind}`);
    assert.equal(event.subject, m.number);
    assert.equal(Date.parse(event.time), m.at, `time ${event.time}`);
    assert.equal(decodeURIComponent(event.source), `/carriers/${m.carrier}`);
    assert(!keys.has(event.source + " " + event.id), "source and id came twice");
    keys.add(event.source + " " + event.id);
    const data = event.data;
    assert.equal(data.tracking_number, m.number);
    assert.equal(data.carrier, m.carrier);
    assert.equal(data.kind, m.kind);
    assert.equal(data.sequence, m.sequence);
    assert.equal(Date.parse(data.occurred_at), m.at);
    assert.equal(data.place ?? "", m.place);
    assert(data.eta_date === null || /^\d{4}-\d\d-\d\d$/.test(data.eta_date));
    assert(data.weight_g === null || Number.isInteger(data.weight_g));

    // The SDK has no signature to check, so these are what it can see.
    const refused = (h, b) => assert.throws(() => HTTP.toEvent({ headers: h, body: b }).validate());
    if (name === "cloudevents") {
      refused(headers, m.body.slice(0, m.body.length - 1 - (i % 40)));
      refused(headers, m.body.replace(/"type":"[^"]*",/, ""));
      refused({ ...headers, "content-type": "text/plain" }, m.body);
    } else {
      const { [one(["ce-type", "ce-source"], i)]: _, ...without } = headers;
      refused(without, m.body);
      refused(headers, m.body.slice(0, m.body.length - 1));
    }
  });
  return messages.length;
}

function judgeNumbers() {
  const numbers = lines("numbers.jsonl");
  const courier = { ups: "ups", fedex: "fedex", usps: "usps", bike: null };
  const seen = new Map();
  const forms = new Set();
  for (const { number, carrier } of numbers) {
    assert(/^[0-9A-Z]+$/.test(number));
    seen.set(number, (seen.get(number) ?? 0) + 1);
    if (carrier === "bike" || number.startsWith("PS")) {
      assert(/^PS[0-9A-Z]{14}$/.test(number), number);
      continue;
    }
    const code = courier[carrier] ?? "s10";
    const found = tracking.getTracking(number, [tracking[code]]);
    assert(found, `${carrier}: ${number} is no number of ${code}`);
    forms.add(found.name);
    // One wrong digit at the end must be noticed.
    const digits = /^(.*)(\d)(\D*)$/.exec(number);
    const wrong = digits[1] + ((Number(digits[2]) + 1) % 10) + digits[3];
    assert.notEqual(tracking.getTracking(wrong, [tracking[code]])?.name, found.name, `${wrong} passes as ${found.name}`);
  }
  for (const form of ["UPS", "FedEx Express (12)", "FedEx Ground 96 (22)", "USPS 91", "S10"]) {
    assert(forms.has(form), `no number of the form ${form}, only ${[...forms].join(", ")}`);
  }
  return numbers.length;
}

console.log(`EasyPost's verifier and schema: ${judgeEasyPost()} messages`);
console.log(`CloudEvents SDK, structured: ${judgeCloudEvents("cloudevents")} messages`);
console.log(`CloudEvents SDK, binary: ${judgeCloudEvents("cloudevents-binary")} messages`);
console.log(`ts-tracking-number: ${judgeNumbers()} numbers`);
