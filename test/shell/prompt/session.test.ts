import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../../src/control/index.ts';
import { serveControl } from '../../../src/shell/live/instance.ts';
import { labInstance } from '../../../src/shell/lab/instance.ts';
import { runScript } from '../../../src/shell/prompt/script.ts';
import { Session } from '../../../src/shell/prompt/session.ts';
import { ofClient } from '../../../src/shell/prompt/target.ts';
import { Desk } from './support.ts';

describe('the rule shell', () => {
  let folder: string;
  let desk: Desk;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-prompt-'))));
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    desk = new Desk(folder);
  });
  afterEach(() => desk.session.close());

  it('runs programs on the node of the prompt, on another named in front, and goes to a node by its name', async () => {
    assert.equal(desk.session.prompt, 'fw> ');
    await desk.enter('iptables -P FORWARD DROP');
    assert.match((await desk.enter('iptables -S FORWARD')).out, /^-P FORWARD DROP\n/);
    assert.match((await desk.enter('a iptables -S FORWARD')).out, /^-P FORWARD ACCEPT\n/);
    await desk.enter('a');
    assert.equal(desk.session.prompt, 'a> ');
    assert.match((await desk.enter('ip -br addr show dev eth0')).out, /^eth0 +UP +10\.0\.0\.2\/24/);
    assert.equal((await desk.enter('nodes')).out, 'fw\na\nb\nsw\n');
  });

  it('points at the word that is wrong, where it stands on the screen', async () => {
    const wrong = await desk.enter('iptables -A FORWARD -p tcp --dprot 22');
    assert.equal(wrong.status, 2);
    assert.equal(wrong.err.split('\n')[0], `${' '.repeat('fw> iptables -A FORWARD -p tcp '.length)}^^^^^^^`);
    const other = await desk.enter('a iptables -A "FORWARD" -s 10.0.0.300');
    assert.equal(
      other.err.split('\n')[0],
      `${' '.repeat('fw> a iptables -A "FORWARD" -s '.length)}^^^^^^^^^^`,
    );
    for (const [line, word] of [
      ['iptables -A FORWRD -j ACCEPT', 'FORWRD'],
      ['iptables -D FORWARD 99', '99'],
      ['iptables -P FORWRD DROP', 'FORWRD'],
      ['iptables -N FORWARD', 'FORWARD'],
    ] as const) {
      const chain = await desk.enter(line);
      const column = 'fw> '.length + line.indexOf(word);
      assert.equal(chain.err.split('\n')[0], ' '.repeat(column) + '^'.repeat(word.length), line);
    }
    const tool = await desk.enter('conntrack -L -o nothing');
    assert.equal(tool.err.split('\n')[0], `${' '.repeat('fw> conntrack -L -o '.length)}^^^^^^^`);
    const nobody = await desk.enter('iptable -L');
    assert.equal(nobody.status, 127);
    assert.match(nobody.err, /^ {4}\^{7}\nno command and no node "iptable" \(did you mean "iptables"\?\)/);
    assert.match((await desk.enter('ip "addr')).err, /^ {7}\^\na quote that is not closed\n$/);
  });

  it('reads files for programs and writes what they print to files', async () => {
    writeFileSync(join(folder, 'rules'), '*filter\n-A INPUT -j ACCEPT\nCOMMIT\n');
    assert.equal((await desk.enter('iptables-restore < rules')).status, 0);
    assert.equal((await desk.enter('iptables -S INPUT 1 > "one file"')).out, '');
    await desk.enter('iptables -S INPUT 1 >> "one file"');
    assert.equal(readFileSync(join(folder, 'one file'), 'utf8'), '-A INPUT -j ACCEPT\n-A INPUT -j ACCEPT\n');
  });

  it('lets commands run on behind the prompt, and ends them', async () => {
    assert.equal((await desk.enter('conntrack -E -o extended &')).out, '[1]\n');
    assert.equal((await desk.enter('jobs')).out, '[1] conntrack -E -o extended\n');
    await desk.enter('iptables -A FORWARD -m conntrack --ctstate INVALID');
    await desk.enter('a nc 10.1.0.2 80');
    const { out } = await desk.enter('kill');
    assert.equal(out, '');
    await new Promise((turn) => setTimeout(turn, 0));
    assert.match(desk.out, /^\[1\] done: conntrack -E -o extended\n$/);
    assert.equal((await desk.enter('kill 1')).err, 'there is no job 1\n');
  });

  it('shows what happened while a job watched', async () => {
    await desk.enter('iptables -A FORWARD -m conntrack --ctstate INVALID');
    await desk.enter('conntrack -E &');
    assert.match((await desk.enter('a nc 10.1.0.2 80')).out, /\[NEW\] tcp .*dport=80/);
  });

  it('runs a file up to the line that fails, and names it', async () => {
    writeFileSync(join(folder, 'good'), '# a remark\n\niptables -N one\na iptables -N two\n');
    assert.equal((await desk.enter('source good')).status, 0);
    writeFileSync(join(folder, 'bad'), 'iptables -N three\niptables -A nowhere\niptables -N four\n');
    const { status, err } = await desk.enter('source bad');
    assert.equal(status, 1);
    assert.match(err, /bad:2: ended with status 1: iptables -A nowhere\n$/);
    assert.match((await desk.enter('iptables -S')).out, /-N one\n-N three\n$/);
    assert.equal((await desk.enter('source nowhere')).status, 1);
    writeFileSync(join(folder, 'loop'), 'source loop\n');
    assert.match((await desk.enter('source loop')).err, /more than 16 deep/);
  });

  it('ends a script at the first line that fails, with its status, showing the line', async () => {
    let complaints = '';
    const lines = ['iptables -P INPUT DROP', 'iptables -P INPUT -X', 'iptables -P INPUT ACCEPT'];
    const status = await runScript(desk.session, lines, '-', (text) => (complaints += text));
    assert.equal(status, 2);
    assert.match(complaints, /^-:2: ended with status 2: /);
    assert.match(desk.err, /^iptables -P INPUT -X\n/);
    assert.match((await desk.enter('iptables -S INPUT')).out, /-P INPUT DROP/);
    assert.equal(await runScript(desk.session, ['exit 7', 'nonsense'], '-', () => {}), 7);
    assert.equal(desk.session.isOver, true);
  });

  it('explains commands, matches and targets out of their declarations', async () => {
    assert.match((await desk.enter('help')).out, /conntrack +Lists, changes and watches/);
    assert.match((await desk.enter('help REJECT')).out, /--reject-with type/);
    assert.match((await desk.enter('help conntrack')).out, /^conntrack -L.*\n.*\n(.*\n)*.*--ctstate/);
    assert.match((await desk.enter('help length')).out, /the length of the IP datagram/);
    assert.match((await desk.enter('help iptables')).out, /iptables --help/);
    const { status, err } = await desk.enter('help lenght');
    assert.deepEqual([status, err], [1, 'no help on "lenght" (did you mean "length"?)\n']);
  });

  it('shows the flows of the helpers', async () => {
    assert.equal((await desk.enter('show alg')).out, 'no connection was watched by a helper\n');
    assert.equal((await desk.enter('show alg --json')).out, '');
    assert.equal((await desk.enter('show')).status, 2);
    assert.equal((await desk.enter('show alg --jsno')).status, 2);
  });

  it('has the commands of a lab, and the way of frames', async () => {
    assert.match((await desk.enter('a ping -c 1 10.1.0.2')).out, /1 received/);
    assert.match((await desk.enter('frames')).out, /a:eth0 > sw:p1 {2}ARP, Request/);
    assert.equal((await desk.enter('frames')).out, '');
    assert.match((await desk.enter('sw bridge fdb show')).out, /dev p1/);
    assert.match((await desk.enter('sw iptables -L')).err, /sw is a switch, and has no rules/);
    assert.match((await desk.enter('sw conntrack -L')).err, /^conntrack: sw is no host$/m);
  });

  it('refuses names of JavaScript’s own, empty lines do nothing', async () => {
    for (const line of ['__proto__', 'constructor -L', 'a __proto__', 'toString']) {
      assert.equal((await desk.enter(line)).status, 127, line);
    }
    await desk.enter('true');
    assert.equal((await desk.enter('   # nothing')).out, '');
  });

  it('is the same over a control socket', async () => {
    const server = await serveControl(labInstance(desk.lab), join(folder, 'socket'));
    const client = await ControlClient.connect(server.path);
    let [out, err] = ['', ''];
    const session = new Session(ofClient(client), {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      cwd: folder,
      now: () => 0,
    });
    assert.equal(session.prompt, 'fw> ');
    assert.equal(await session.enter('b iptables -P INPUT DROP'), 0);
    assert.equal(await session.enter('b iptables -S INPUT'), 0);
    assert.equal(out, '-P INPUT DROP\n');
    assert.equal(await session.enter('iptables -A INPUT -p nope', 4), 2);
    assert.equal(err.split('\n')[0], `${' '.repeat('fw> iptables -A INPUT -p '.length)}^^^^`);
    client.close();
    await server.close();
  });
});
