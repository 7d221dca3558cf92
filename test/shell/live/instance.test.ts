import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlServer } from '../../../src/control/index.ts';
import { Lab, parseLab } from '../../../src/lab/index.ts';
import { StringOutput } from '../../../src/replay/report/output.ts';
import { runProgramNamed } from '../../../src/shell/index.ts';
import { labInstance } from '../../../src/shell/lab/instance.ts';
import { serveControl } from '../../../src/shell/live/instance.ts';
import { wordsOf } from '../support.ts';

const LAB = `
topology:
  nodes:
    fw: { kind: gateway, interfaces: { eth0: 10.0.0.1/24, eth1: 10.1.0.1/24 } }
    a: { interfaces: { eth0: 10.0.0.2/24 }, gateway: 10.0.0.1 }
    b: { interfaces: { eth0: 10.1.0.2/24 }, gateway: 10.1.0.1 }
    sw: { kind: switch, model: learning }
  links:
    - endpoints: ['a:eth0', 'sw:p1']
    - endpoints: ['sw:p2', 'fw:eth0']
    - endpoints: ['b:eth0', 'fw:eth1']
`;

describe('programs on a running instance', () => {
  let folder: string;
  let lab: Lab;
  let server: ControlServer;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-live-'));
    lab = new Lab(parseLab({ text: LAB, file: 'lab.yaml' }));
    server = await serveControl(labInstance(lab), join(folder, 'socket'));
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function run(line: string, { input = '', env = {} } = {}) {
    const [name = '', ...args] = wordsOf(line);
    const [out, err] = [new StringOutput(), new StringOutput()];
    const status = await runProgramNamed(name, args, {
      out,
      err,
      env: { SLUICE_SOCKET: server.path, ...env },
      readInput: () => input,
      now: () => 0,
      cwd: folder,
    });
    return { status, out: out.text, err: err.text };
  }

  /** Two datagrams a second from a to a closed port of b; how many of them b saw. */
  function pinged(count: number): number {
    const mark = lab.events.mark;
    for (let i = 0; i < count; i++) {
      lab
        .host('a')
        .tcp.connect({ family: 4, remote: Int32Array.of((10 << 24) | 0x10002, 0, 0, 0), remotePort: 80 }, {});
    }
    lab.run(500_000);
    return lab.events.since(mark).filter(({ to, frame }) => to.node === 'b' && frame[23] === 6).length;
  }

  it('change the rules that packets meet, and show what they counted', async () => {
    assert.equal(pinged(2), 2);
    assert.equal((await run('iptables -A FORWARD -p tcp --dport 80 -j DROP')).status, 0);
    assert.equal(pinged(3), 0);
    assert.match((await run('iptables -nvL FORWARD')).out, /^ +[3-9] +\d+ DROP +6 /m);
    assert.equal((await run('iptables -D FORWARD 1')).status, 0);
    assert.ok(pinged(1) > 0);
  });

  it('act on the node that is named, by option or environment, and say which there are', async () => {
    await run('iptables --node b -P INPUT DROP');
    assert.match((await run('iptables -S', { env: { SLUICE_NODE: 'b' } })).out, /^-P INPUT DROP$/m);
    assert.match((await run('iptables -S')).out, /^-P INPUT ACCEPT$/m);
    assert.deepEqual(await run('iptables --node nobody -L'), {
      status: 4,
      out: '',
      err: `iptables: ${server.path}: no node "nobody"; there are fw, a, b, sw\n`,
    });
    assert.match((await run('iptables --node sw -L')).err, /sw is a switch, and has no rules/);
  });

  it('restore from standard input or a file of the caller, save to one, and complain as on a state file', async () => {
    const rules = '*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n';
    assert.equal((await run('iptables-restore', { input: rules })).status, 0);
    assert.match((await run('iptables-save')).out, /:INPUT DROP \[0:0\]\n.*-A INPUT -i lo -j ACCEPT\n/s);
    writeFileSync(join(folder, 'rules'), rules.replace('lo', 'eth7'));
    assert.equal((await run('iptables-restore rules')).status, 0);
    assert.equal((await run('iptables -S INPUT 1')).out, '-A INPUT -i eth7 -j ACCEPT\n');
    const broken = await run('iptables-restore', { input: rules.replace('ACCEPT\nC', 'NOPE\nC') });
    assert.equal(broken.status, 2);
    assert.match(broken.err, /Couldn't load target `NOPE'.*Error occurred at line: 3/s);
    assert.equal((await run('iptables -S INPUT 1')).out, '-A INPUT -i eth7 -j ACCEPT\n');
  });

  it('name addresses by the nodes that have them, and take those names', async () => {
    const made = await run('iptables -A FORWARD -s b -d 10.0.0.2 -p tcp --dport 22');
    assert.deepEqual(made, { status: 0, out: '', err: '' });
    await run('iptables -A FORWARD -s 127.0.0.1 -d 192.0.2.1');
    const { out } = await run('iptables -L FORWARD');
    assert.match(out, /^ +tcp  -- +b +a +tcp dpt:ssh$/m);
    assert.match(out, /^ +all  -- +localhost +192\.0\.2\.1 +$/m);
    assert.match((await run('iptables -nL FORWARD')).out, /10\.1\.0\.2 +10\.0\.0\.2 +tcp dpt:22$/m);
    assert.match(
      (await run('iptables -S FORWARD')).out,
      /-A FORWARD -s 10\.1\.0\.2\/32 -d 10\.0\.0\.2\/32 -p tcp/,
    );
  });

  it('leave what the rules of other tables remember', async () => {
    await run('iptables -A FORWARD -p tcp --dport 80 -m limit --limit 1/hour --limit-burst 2 -j ACCEPT');
    await run('iptables -A FORWARD -p tcp --dport 80 -j DROP');
    assert.equal(pinged(2), 2);
    await run('iptables -t mangle -A PREROUTING -j MARK --set-mark 1');
    assert.equal(pinged(2), 0, 'another table: the burst stays used up');
    await run('iptables -A FORWARD -s 1.2.3.4');
    assert.equal(pinged(3), 2, 'this table was made anew: the burst is there again, as in Linux');
  });

  it('prefer the state file that is named to a socket in the environment', async () => {
    await run('iptables -P INPUT DROP');
    assert.match((await run(`iptables --state ${folder}/state -S`)).out, /^-P INPUT ACCEPT$/m);
  });

  it('say so when nobody runs there', async () => {
    await server.close();
    const { status, err } = await run('iptables -L');
    assert.equal(status, 4);
    assert.equal(err, `iptables: ${server.path}: no running instance has its control socket there\n`);
  });

  it('refuse what there is not, with what was probably meant', async () => {
    const client = await import('../../../src/control/index.ts').then((control) =>
      control.ControlClient.connect(server.path),
    );
    let err = '';
    const io = {
      out: () => {},
      err: (text: string) => (err += text),
      readInput: () => Promise.resolve(''),
      cwd: '/',
      cancelled: new AbortController().signal,
      pointAt: () => {},
    };
    assert.equal(await client.run({ argv: ['iptable', '-L'] }, io), 127);
    assert.match(err, /^iptable: command not found.*iptables/);
    client.close();
  });
});
