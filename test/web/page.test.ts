/** The page of examples/browser in Chromium: a real guest in v86, behind rules that are typed while it runs. */
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { missingPrograms, servePage } from '../../examples/browser/site.ts';
import { findChromium, Visit } from '../../examples/browser/visit.ts';
import { requireOrSkip } from '../support/require.ts';

const RULE = 'FORWARD -p tcp --dport 80 -j REJECT';
const FETCH = 'wget -q -O - http://web.example/page';

describe('a guest in a page', function () {
  this.timeout(600_000);
  let server: Server | undefined;
  let visit: Visit | undefined;

  before(async function () {
    for (const name of missingPrograms()) requireOrSkip(this, `needs ${name}`, false);
    const chromium = findChromium();
    requireOrSkip(this, 'needs chromium', chromium !== undefined);
    const served = await servePage(0);
    server = served.server;
    visit = await Visit.begin(chromium!, served.url);
    await visit.booted();
  });
  after(async () => {
    await visit?.end();
    server?.close();
  });

  it('has its address and is known by its name', async () => {
    assert.match(await visit!.type('ip -4 addr show dev eth0'), /inet 192\.168\.122\.\d+\/24/);
    assert.match(await visit!.page.locator('#status').innerText(), /^linux 192\.168\.122\.\d+/);
  });

  it('fetches from a server in the page until a rule forbids it, and again when the rule is gone', async () => {
    assert.match(await visit!.type(FETCH), /You asked for \/page/);
    await visit!.command(`-A ${RULE}`);
    assert.match(await visit!.type(FETCH), /Connection refused/);
    const rules = await visit!.rules();
    assert.ok(rules.some((rule) => rule.includes('--dport 80 -j REJECT')));
    assert.match(await visit!.page.locator('#log').innerText(), /refuse .*rule=filter:FORWARD:4/);
    await visit!.command(`-D ${RULE}`);
    assert.match(await visit!.type(FETCH), /You asked for \/page/);
  });

  it('is shown which word of a rule is wrong', async () => {
    assert.match(await visit!.command('-A FORWARD -j REJCT'), /Couldn't load target `REJCT'/);
    assert.equal(await visit!.page.locator('#answer mark').innerText(), 'REJCT');
  });

  it('had nothing go wrong in the page', () => {
    assert.deepEqual(visit!.errors, []);
  });
});
