// A tracking platform on Parse Server and PostgreSQL: EasyPost's webhooks become Parse objects, and a cloud function
// tells of a parcel, as an app of a shop would ask for it.
//
//   node server.mjs postgres://USER@127.0.0.1:PORT/DATABASE [MISTAKE]
//
// Prints one JSON line with its URL when it listens. The webhook secret comes from PEAKSTORM_WEBHOOK_SECRET. MISTAKE is
// none, no-dedup (each message's newest entry is appended) or last-write-wins (the status is that of the message that
// came last).
import {createHash, createHmac, randomUUID, timingSafeEqual} from 'node:crypto';
import http from 'node:http';

import express from 'express';

import journey from '../journey.cjs';

// Read when the module is loaded, and otherwise a folder in whatever folder this is started from.
process.env.PARSE_SERVER_LOGS_FOLDER = 'null';
const {ParseServer} = await import('parse-server');

const [databaseURI, mistake = 'none'] = process.argv.slice(2);
const secret = process.env.PEAKSTORM_WEBHOOK_SECRET;
const duplicateValue = 137;  // Parse.Error.DUPLICATE_VALUE: the id is taken.

const app = express();
const server = http.createServer(app);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;

const nobody = {};
const parse = new ParseServer({
  appId: 'platform',
  masterKey: createHmac('sha256', secret).update('master').digest('hex'),
  databaseURI,
  serverURL: `${url}/parse`,
  directAccess: true,  // Cloud code talks to the server in process.
  allowCustomObjectId: true,
  encodeParseObjectInCloudFunction: true,
  enableInsecureAuthAdapters: false,
  logsFolder: null,
  silent: true,
  schema: {
    lockSchemas: true,
    definitions: [
      {
        className: 'Scan',
        fields: {
          number: {type: 'String', required: true},
          at: {type: 'Date', required: true},
          status: {type: 'String', required: true},
          detail: {type: 'String'},
          place: {type: 'String'},
        },
        indexes: {by_number: {number: 1}},
        classLevelPermissions: {find: nobody, get: nobody, create: nobody, update: nobody, delete: nobody},
      },
      {
        className: 'Parcel',
        fields: {status: {type: 'String'}},
        classLevelPermissions: {find: nobody, get: nobody, create: nobody, update: nobody, delete: nobody},
      },
    ],
  },
});
await parse.start();
const {Parse} = global;
Parse.allowCustomObjectId = true;  // An object with an id of its own is created, unless it was read before.
const asMaster = {useMasterKey: true};

// ---- in ----

function isSigned(request) {
  const told = Buffer.from(request.get('X-Hmac-Signature') ?? '');
  const digest = createHmac('sha256', secret.normalize('NFKD')).update(request.body).digest('hex');
  const right = Buffer.from(`hmac-sha256-hex=${digest}`);
  return told.length === right.length && timingSafeEqual(told, right);
}

// The same milestone may come in any case of letters, and in several messages: it is known by what it says. The place
// is left out, since some messages spell it differently.
function scanOf(number, entry) {
  const at = journey.instantOf(entry.datetime);
  if (Number.isNaN(at)) throw new RangeError(`datetime '${entry.datetime}' is no instant with its zone`);
  const [status, detail] = [entry.status.toLowerCase(), entry.status_detail.toLowerCase()];
  const id = createHash('sha256').update([number, at, status, detail].join('\n')).digest('hex').slice(0, 32);
  return {id, number, at: new Date(at), status, detail, place: entry.tracking_location?.city ?? ''};
}

// A new object is refused by the table's key when another message was faster.
async function create(className, objectId, fields) {
  await new Parse.Object(className, {objectId, ...fields}).save(null, asMaster).catch((error) => {
    if (error.code !== duplicateValue) throw error;
  });
}

async function store({id, ...fields}) {
  await create('Scan', mistake === 'no-dedup' ? randomUUID() : id, fields);
}

async function knownIds(number) {
  const rows = await new Parse.Query('Scan').equalTo('number', number).select('objectId').limit(500).find(asMaster);
  return new Set(rows.map((row) => row.id));
}

async function storeStatus(number, status) {
  const known = await new Parse.Query('Parcel').equalTo('objectId', number).first(asMaster);
  if (known) return known.save({status}, asMaster);
  return create('Parcel', number, {status});
}

app.post('/webhooks/easypost', express.raw({type: () => true, limit: '1mb'}), async (request, response) => {
  if (!isSigned(request)) return response.status(401).json({error: 'the signature is not right'});
  try {
    const tracker = JSON.parse(request.body).result;
    const number = tracker.tracking_code;
    const entries = tracker.tracking_details.map((entry) => scanOf(number, entry));
    if (mistake === 'no-dedup') {
      await store(entries.at(-1));
    } else {
      const known = await knownIds(number);
      await Promise.all(entries.filter((scan) => !known.has(scan.id)).map(store));
    }
    if (mistake === 'last-write-wins') {
      await storeStatus(number, `${tracker.status}/${tracker.status_detail}`.toLowerCase());
    }
    response.status(200).json({});
  } catch (error) {
    const isInput = error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError;
    response.status(isInput ? 422 : 500).json({error: error.message});
  }
});

// ---- out ----

const roles = {
  'pre_transit/label_created': 'label',
  'in_transit/weather_delay': 'delay',
  'in_transit/delayed': 'delay',
  'in_transit/status_update': 'estimate',
  'in_transit/transit_exception': 'retracted',
  'delivered/arrived_at_destination': 'delivered',
  'return_to_sender/return': 'returning',
  'return_to_sender/arrived_at_destination': 'returned',
  'failure/lost': 'lost',
};
const words = (scan) => `${scan.status}/${scan.detail}`;

Parse.Cloud.define('track', async ({params}) => {
  const rows = await new Parse.Query('Scan').equalTo('number', String(params.number)).limit(500).find(asMaster);
  if (rows.length === 0) return {parcel: null};
  const scans = rows.map((row) => ({
    at: row.get('at'), status: row.get('status'), detail: row.get('detail'), place: row.get('place'),
  }));
  scans.sort((a, b) => a.at - b.at);
  const current = journey.statusOf(scans, (scan) => roles[words(scan)] ?? 'move');
  let state = current ? words(current) : words(scans[0]);
  if (mistake === 'last-write-wins') {
    const [parcel] = await new Parse.Query('Parcel').equalTo('objectId', String(params.number)).find(asMaster);
    state = parcel.get('status');
  }
  const [status, detail] = state.split('/');
  return {parcel: {number: params.number, status, detail, scans}};
});

app.use('/parse', parse.app);
process.stdout.write(`${JSON.stringify({url})}\n`);
