/**
 * `npm run demo:browser`: serves the page and says where. `-- --screenshot FILE` looks at it in Chromium instead, fetches a page
 * in the guest, forbids it, tries again, and keeps a picture of that.
 */
import { parseArgs } from 'node:util';
import { missingPrograms, servePage } from './site.ts';
import { findChromium, Visit } from './visit.ts';

const RULE = '-A FORWARD -p tcp --dport 80 -j REJECT';
const FETCH = 'wget -q -O - http://web.example/';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, screenshot: { type: 'string' } },
});
const chromium = values.screenshot === undefined ? undefined : findChromium();
const missing = missingPrograms();
if (values.screenshot !== undefined && chromium === undefined) missing.push('chromium');
if (missing.length > 0) {
  console.error(`demo: missing: ${missing.join(', ')} (on Debian: apt-get install ${missing.join(' ')})`);
  process.exit(1);
}
const { server, url } = await servePage(values.screenshot === undefined ? Number(values.port) : 0);
if (chromium === undefined) console.log(`${url}  (Ctrl-C ends it)`);
else {
  const visit = await Visit.begin(chromium, url);
  await visit.booted();
  await visit.command(RULE);
  await visit.type(`ip addr show dev eth0; ping -c 2 web.example; ${FETCH}`);
  await visit.page.waitForTimeout(1000);
  await visit.screenshot(values.screenshot!);
  await visit.end();
  server.close();
  console.log(values.screenshot);
}
