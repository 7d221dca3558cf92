/**
 * What the kernel draws at random when a port or identifier is taken, compared as sets: which may be drawn, that no two
 * connections get the same, who goes away empty-handed; and that answers to what was drawn find back. The answers are
 * made of what each side sent, since every run draws other ones.
 */
import assert from 'node:assert/strict';
import { echo, icmp, tcp, text, udp, type Ends } from '../../src/conform/frames.ts';
import type { EmittedFrame, Rules } from '../../src/conform/kernel/session.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { HOSTS, inside, PUBLIC, SERVER, withKernel, withSluice, type Side } from './both.ts';

type Kind = 'udp' | 'tcp' | 'echo';

/** The drawn number of a request: source port, or identifier; and where the answer must go by itself. */
function seen({ frame }: EmittedFrame, kind: Kind): { readonly id: number; readonly to: string } {
  const bytes = Buffer.from(frame, 'hex');
  const v6 = bytes[12] === 0x86;
  const l4 = 14 + (v6 ? 40 : 20);
  const to = v6 ? `fd00:a::${bytes[14 + 39]!}` : [...bytes.subarray(30, 34)].join('.');
  return { id: bytes.readUInt16BE(kind === 'echo' ? l4 + 4 : l4), to };
}

function request(kind: Kind, ends: Ends, id: number): number[] {
  if (kind === 'echo') return echo(ends, false, id, 1, text('ping'));
  if (kind === 'udp') return udp(ends, id, 53, text('question'));
  return tcp(ends, { sport: id, dport: 80, seq: 1000, flags: 'S' });
}

function answer(kind: Kind, ends: Ends, id: number): number[] {
  if (kind === 'echo') return echo(ends, true, id, 1, text('ping'));
  if (kind === 'udp') return udp(ends, 53, id, text('answer'));
  return tcp(ends, { sport: 80, dport: id, seq: 1, ack: 1001, flags: 'SA' });
}

interface Scene {
  readonly target: string;
  readonly kind: Kind;
  readonly family?: 4 | 6;
  /** What every host inside has for a source port or identifier. */
  readonly id: number;
  readonly hosts: number;
  /** Of what may be drawn, both ends included. */
  readonly from: number;
  readonly to: number;
  /** The first one keeps what it had. */
  readonly keeps: boolean;
}

/** All that can be said of a run without saying what was drawn. */
async function observe(scene: Scene, { send }: Side): Promise<string[]> {
  const { kind, family = 4, id, hosts, from, to, keeps } = scene;
  const said: string[] = [];
  const drawn = new Set<number>();
  for (const n of HOSTS.slice(0, hosts)) {
    const host = inside(n, family === 6);
    const [out] = await send('eth0', request(kind, { from: host, to: SERVER[family] }, id));
    if (out === undefined) {
      said.push(`${n}: nothing is sent`);
      continue;
    }
    const got = seen(out, kind).id;
    const isFirst = drawn.size === 0;
    said.push(
      `${n}: ${keeps && isFirst ? (got === id ? 'kept' : 'not kept') : got >= from && got <= to ? 'in range' : `${got} is out of range`}` +
        `${drawn.has(got) ? ', a second time' : ''}`,
    );
    drawn.add(got);
    const back = { from: SERVER[family], to: PUBLIC[family] };
    const [home] = await send('eth1', answer(kind, back, got));
    said.push(
      home === undefined ? 'no answer' : `answer to ${seen(home, kind).to === host ? 'it' : 'another'}`,
    );
    if (kind !== 'udp') continue;
    const quoted = udp({ from: PUBLIC[family], to: SERVER[family] }, got, 53, text('question'));
    const [type, code] = family === 4 ? [3, 3] : [1, 4];
    const [error] = await send('eth1', icmp(back, type, code, [0, 0, 0, 0, ...quoted]));
    said.push(
      error === undefined ? 'no error' : `error to ${seen(error, kind).to === host ? 'it' : 'another'}`,
    );
  }
  // So few may be drawn that all of them are: then the sets are the same.
  if (to - from < HOSTS.length) said.push(`drawn: ${[...drawn].sort((a, b) => a - b).join(' ')}`);
  return said;
}

const ANY = { from: 1024, to: 65535 };
const SCENES: Readonly<Record<string, Scene>> = {
  'MASQUERADE, one port for all, UDP': {
    target: 'MASQUERADE',
    kind: 'udp',
    id: 5000,
    hosts: 6,
    ...ANY,
    keeps: true,
  },
  'MASQUERADE, one port for all, TCP': {
    target: 'MASQUERADE',
    kind: 'tcp',
    id: 5000,
    hosts: 6,
    ...ANY,
    keeps: true,
  },
  'MASQUERADE, one identifier for all': {
    target: 'MASQUERADE',
    kind: 'echo',
    id: 77,
    hosts: 6,
    from: 0,
    to: 65535,
    keeps: true,
  },
  'MASQUERADE, IPv6': {
    target: 'MASQUERADE',
    kind: 'udp',
    family: 6,
    id: 5000,
    hosts: 6,
    ...ANY,
    keeps: true,
  },
  'MASQUERADE, IPv6 identifiers': {
    target: 'MASQUERADE',
    kind: 'echo',
    family: 6,
    id: 9,
    hosts: 4,
    from: 0,
    to: 65535,
    keeps: true,
  },
  'a port below 512 stays below': {
    target: 'MASQUERADE',
    kind: 'udp',
    id: 100,
    hosts: 6,
    from: 1,
    to: 511,
    keeps: true,
  },
  'a port below 1024 stays in its class': {
    target: 'MASQUERADE',
    kind: 'tcp',
    id: 700,
    hosts: 6,
    from: 600,
    to: 1023,
    keeps: true,
  },
  'SNAT with as many ports as hosts': {
    target: `SNAT --to-source ${PUBLIC[4]}:2000-2003`,
    kind: 'udp',
    id: 5000,
    hosts: 4,
    from: 2000,
    to: 2003,
    keeps: false,
  },
  'SNAT with fewer ports than hosts': {
    target: `SNAT --to-source ${PUBLIC[4]}:2000-2002`,
    kind: 'tcp',
    id: 2001,
    hosts: 5,
    from: 2000,
    to: 2002,
    keeps: true,
  },
  'MASQUERADE with ports of its own': {
    target: 'MASQUERADE --to-ports 3000-3005',
    kind: 'tcp',
    id: 5000,
    hosts: 6,
    from: 3000,
    to: 3005,
    keeps: false,
  },
  'SNAT, IPv6, with fewer ports than hosts': {
    target: `SNAT --to-source [${PUBLIC[6]}]:2000-2001`,
    kind: 'udp',
    family: 6,
    id: 5000,
    hosts: 3,
    from: 2000,
    to: 2001,
    keeps: false,
  },
  'SNAT at random': {
    target: `SNAT --to-source ${PUBLIC[4]} --random`,
    kind: 'udp',
    id: 5000,
    hosts: 6,
    ...ANY,
    keeps: false,
  },
  'MASQUERADE fully at random': {
    target: 'MASQUERADE --random-fully',
    kind: 'tcp',
    id: 5000,
    hosts: 6,
    ...ANY,
    keeps: false,
  },
};

describe('what the kernel draws, as sets', () => {
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `asking the kernel needs ${missing.join(', ')}`, missing.length === 0);
  });

  for (const [name, scene] of Object.entries(SCENES)) {
    it(name, async () => {
      const protocol = scene.kind === 'echo' ? '' : `-p ${scene.kind} `;
      const text = `*nat\n-A POSTROUTING -o eth1 ${protocol}-j ${scene.target}\nCOMMIT\n`;
      const rules: Rules = scene.family === 6 ? { v6: text } : { v4: text };
      const kernel = await withKernel(rules, (side) => observe(scene, side));
      assert.ok(
        kernel.every((line) => !/out of range|second time|another|not kept/.test(line)),
        kernel.join('\n'),
      );
      for (const seed of [1, 2, 3]) {
        assert.deepEqual(await withSluice(rules, seed, (side) => observe(scene, side)), kernel);
      }
    });
  }
});
