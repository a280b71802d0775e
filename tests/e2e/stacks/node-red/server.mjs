// A tracking platform on Node-RED: flows.json takes a carrier's own webhooks and tells of a parcel; its context is kept
// in files.
//
//   node server.mjs FOLDER          an empty folder for what Node-RED writes
//
// Prints one JSON line with its URL when the flow runs. The webhook secret comes from PEAKSTORM_WEBHOOK_SECRET. The
// first part of a path names what the flow does wrong: /sound, /last-write-wins or /naive-local-time.
import crypto from 'node:crypto';
import {copyFileSync} from 'node:fs';
import http from 'node:http';
import {join} from 'node:path';

import RED from 'node-red';

import journey from '../journey.cjs';

const [folder] = process.argv.slice(2);
copyFileSync(new URL('flows.json', import.meta.url), join(folder, 'flows.json'));

const server = http.createServer((request, response) => RED.httpNode(request, response));
RED.init(server, {
  userDir: folder,
  flowFile: 'flows.json',
  httpAdminRoot: false,  // Nobody edits the flow.
  httpNodeRoot: '/',
  contextStorage: {default: {module: 'localfilesystem', config: {flushInterval: 1}}},
  functionGlobalContext: {crypto, journey, secret: process.env.PEAKSTORM_WEBHOOK_SECRET},
  credentialSecret: false,  // There are none.
  logging: {console: {level: 'error', metrics: false, audit: false}},
  editorTheme: {projects: {enabled: false}},
  telemetry: {enabled: false, updateNotification: false},
  externalModules: {palette: {allowInstall: false}, modules: {allowInstall: false}},
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
RED.events.once('flows:started', () => {
  process.stdout.write(`${JSON.stringify({url: `http://127.0.0.1:${server.address().port}`})}\n`);
});
await RED.start();
