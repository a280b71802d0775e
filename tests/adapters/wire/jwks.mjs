// A receiver of ShipEngine's webhooks as a platform builds it: it fetches the key set from the URL that the replay
// serves, picks the key that the message names (npm jose), and checks the signature of every message. Messages changed
// in one bit, and keys that the set does not have, must be refused.
// Usage: node jwks.mjs PATH_OF_PEAKSTORM
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { needsModules, run, smallScenario, temporaryFolder } from "./program.mjs";

needsModules();
const { calculateJwkThumbprint, createRemoteJWKSet } = await import("jose");

const folder = temporaryFolder();
const scenario = smallScenario(folder);
const key = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
writeFileSync(join(folder, "key.pem"), key.export({ type: "pkcs8", format: "pem" }));

const verified = { yes: 0, no: 0 };
let keys;
let keySetUrl;
const told = new Promise((resolve) => { keySetUrl = resolve; });

async function accepts(headers, body) {
  keys ??= createRemoteJWKSet(new URL(await told));
  const publicKey = await keys({ alg: "RS256", kid: headers["x-shipengine-rsa-sha256-key-id"] });
  return crypto.verify("RSA-SHA256", Buffer.from(`${headers["x-shipengine-timestamp"]}.${body}`), publicKey,
    Buffer.from(headers["x-shipengine-rsa-sha256-signature"], "base64"));
}

const kids = new Set();
const failures = [];
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    try {
      const body = Buffer.concat(chunks).toString("utf8");
      if (!(await accepts(request.headers, body))) ++verified.no;
      else ++verified.yes;
      kids.add(request.headers["x-shipengine-rsa-sha256-key-id"]);
      const at = (verified.yes * 7919) % body.length;
      const tampered = body.slice(0, at) + String.fromCharCode(body.charCodeAt(at) ^ 1) + body.slice(at + 1);
      assert(!(await accepts(request.headers, tampered)), "a tampered message passes");
      if (verified.yes === 1) {
        await assert.rejects(accepts({ ...request.headers, "x-shipengine-rsa-sha256-key-id": "nobody" }, body));
        const set = await (await fetch(await told)).json();
        assert.equal(set.keys.length, 1);
        assert.equal(set.keys[0].d, undefined, "the private half");
        assert.equal(await calculateJwkThumbprint(set.keys[0]), set.keys[0].kid);
      }
    } catch (error) {
      failures.push(error);
    }
    response.writeHead(200).end();
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));

const drill = (further, onError) => run(process.argv[2], ["drill", scenario, "--seconds", "2", "--write-only",
  "--format", "shipengine", "--against", `http://127.0.0.1:${receiver.address().port}`,
  "--secret-file", join(folder, "key.pem"), "--json", ...further], { onError });
const port = (line) => /^Public key at (http:\/\/127\.0\.0\.1:\d+\/jwks)$/.exec(line)?.[1];
const finished = await drill(["--jwks-port", "0", "--out", join(folder, "run")],
  (line) => { if (port(line)) keySetUrl(port(line)); });
assert.deepEqual(failures, []);
assert.equal(finished.code, 0, finished.err);
const { replay } = JSON.parse(finished.out);
assert.equal(verified.no, 0);
assert(verified.yes >= 1000, `only ${verified.yes} messages`);
assert.equal(replay.acknowledged, verified.yes);
assert.equal(kids.size, 1);
await assert.rejects(fetch(await told), "the key set is served for no longer than the run");

const taken = await drill(["--jwks-port", String(receiver.address().port), "--out", join(folder, "taken")]);
assert.equal(taken.code, 2);
assert.match(taken.err, /--jwks-port: .*in use.*choose another port/);
receiver.closeAllConnections();
receiver.close();
console.log(`jose, node crypto: ${verified.yes} messages by the key set that the drill served`);
