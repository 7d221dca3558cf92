/**
 * What is sent at FTP's helper to make it open what it must not. The names are those of the list of attacks; where the
 * kernel's helper can be led astray, `linux` shows it.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sackOption } from '../../src/wire/tcp-options.ts';
import * as tcp from '../../src/wire/tcp.ts';
import { sackBlocks, Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 21 -j CT --helper ftp';
const LINUX = { mode: 'linux' } as const;
const LOOSE = { mode: 'strict', ftp: { loose: true } } as const;

function session(options: WorldOptions = {}): { world: World; talk: Talk } {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world).answers('220 ready\r\n').says('USER a\r\n').answers('230 in\r\n');
  return { world, talk };
}

/** What PORT and a transfer lead to. */
function active(command: string, options: WorldOptions = {}): string[] {
  const { world, talk } = session(options);
  talk.says(command).answers('200 right\r\n').says('LIST\r\n');
  return world.expectations;
}

function passive(command: string, reply: string, options: WorldOptions = {}): string[] {
  const { world, talk } = session(options);
  talk.says(command).answers(reply);
  return world.expectations;
}

describe('attacks on FTP', () => {
  it('A-1: a line that one TCP segment begins with is no message unless the stream says so', () => {
    const trick = `${'x'.repeat(100)}PORT 10,0,0,2,4,1\r\n`;
    const { world, talk } = session();
    talk.says(`STOR ${trick}`, [105]).answers('200 a\r\n').says('LIST\r\n');
    assert.deepEqual(world.expectations, []);
    // A line's end that only a part of the stream has is not the kernel's idea of one either; its memory of ends is.
    const linux = session({ settings: LINUX });
    linux.talk.says('STOR a\n').says('PORT 10,0,0,2,4,1\r\n');
    assert.deepEqual(linux.world.expectations, ['tcp 198.51.100.7:* → 10.0.0.2:1025']);
  });

  it('A-2: helpers are attached by rules alone, unless the old sysctl says otherwise', () => {
    const open = (options: WorldOptions) => {
      const world = new World(options);
      const talk = new Talk(world).answers('220 ready\r\n');
      talk.says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
      return world.expectations.length;
    };
    assert.equal(open({}), 0);
    assert.equal(open({ sysctl: { 'net.netfilter.nf_conntrack_helper': 1 } }), 1);
  });

  it('A-3: PORT to a third host opens nothing unless loose says so; to a port below 1024 never', () => {
    assert.deepEqual(active('PORT 10,0,0,9,4,1\r\n'), []);
    assert.deepEqual(active('EPRT |1|10.0.0.9|1025|\r\n'), []);
    assert.deepEqual(active('PORT 10,0,0,9,4,1\r\n', { settings: LOOSE }), [
      'tcp 198.51.100.7:* → 10.0.0.9:1025',
    ]);
    assert.deepEqual(active('PORT 10,0,0,2,3,255\r\n'), []);
    assert.deepEqual(active('PORT 10,0,0,2,3,255\r\n', { settings: LOOSE }), []);
    assert.deepEqual(active('PORT 10,0,0,2,0,25\r\n', { settings: LINUX }), [
      'tcp 198.51.100.7:* → 10.0.0.2:25',
    ]);
  });

  it('A-4: behind a line of 100 kB, in pieces, swapped and repeated: exactly one expectation', () => {
    const { world, talk } = session();
    const command = 'PORT 10,0,0,2,4,1\r\n';
    for (let i = 0; i < 100; i++) talk.says('y'.repeat(1000));
    talk.says('\r\n').answers('500 too long\r\n');
    const { seq } = talk.client;
    talk.segment(true, 'PA', command.slice(8), seq + 8);
    talk.segment(true, 'PA', command.slice(0, 8), seq);
    talk.segment(true, 'PA', command, seq);
    talk.client.seq = seq + command.length;
    talk.answers('200 right\r\n').says('LIST\r\n');
    assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 10.0.0.2:1025']);
    assert.ok(talk.server.received.endsWith(`${command}LIST\r\n`));
  });

  it('a message is told with the packet that brought its end, also where that came before its turn', () => {
    const { world, talk } = session();
    const command = 'PORT 10,0,0,2,4,1\r\n';
    const { seq } = talk.client;
    talk.segment(true, 'PA', command.slice(8), seq + 8);
    talk.segment(true, 'PA', command.slice(0, 8), seq);
    const { events } = [...world.flows.all][0]!;
    const [said, moved] = [events.find(({ text }) => text.startsWith('PORT')), events.at(-1)];
    assert.equal(moved!.text, 'OPENING');
    assert.equal(said!.n, moved!.n - 1);
  });

  it('A-4: translated, what comes too early has to come again, and the numbers are right afterwards', () => {
    const { world, talk } = session({ nat: true });
    const command = 'PORT 10,0,0,2,4,1\r\n';
    const { seq } = talk.client;
    assert.deepEqual(talk.segment(true, 'PA', command.slice(8), seq + 8), []);
    talk.segment(true, 'PA', command.slice(0, 8), seq);
    talk.segment(true, 'PA', command.slice(8), seq + 8);
    // The sender cuts it otherwise when it sends again.
    talk.segment(true, 'PA', command.slice(3, 12), seq + 3);
    talk.segment(true, 'PA', command, seq);
    talk.client.seq = seq + command.length;
    talk.answers('200 right\r\n').says('LIST\r\n').answers('150 comes\r\n');
    assert.equal(talk.server.received, 'USER a\r\nPORT 203,0,113,1,4,1\r\nLIST\r\n');
    assert.equal(talk.client.received, '220 ready\r\n230 in\r\n200 right\r\n150 comes\r\n');
    assert.equal(talk.client.acknowledged, talk.client.seq);
    assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 203.0.113.1:1025']);
  });

  for (const [what, command, reply] of [
    ['a 227 that nobody asked for', 'NOOP\r\n', '227 (198,51,100,7,8,1)\r\n'],
    ['a 227 that names a third host', 'PASV\r\n', '227 (198,51,100,9,8,1)\r\n'],
    ['a number above 255', 'PASV\r\n', '227 (198,51,100,7,256,1)\r\n'],
    ['a missing comma', 'PASV\r\n', '227 (198,51,100,7,81)\r\n'],
    ['seven numbers', 'PASV\r\n', '227 (1,198,51,100,7,8,1)\r\n'],
    ['EPSV with port 0', 'EPSV\r\n', '229 (|||0|)\r\n'],
    ['EPSV with port 65536', 'EPSV\r\n', '229 (|||65536|)\r\n'],
    ['EPSV with an address', 'EPSV\r\n', '229 (|1|10.0.0.9|2049|)\r\n'],
    ['a 229 to PASV', 'PASV\r\n', '229 (|||2049|)\r\n'],
  ] as const) {
    it(`A-5: ${what} opens nothing`, () => {
      assert.deepEqual(passive(command, reply), []);
      assert.deepEqual(passive(command, reply, { nat: true }), []);
    });
  }
  for (const command of [
    'EPRT |3|10.0.0.2|1025|\r\n',
    'EPRT |2|fd00:a::2|1025|\r\n',
    'EPRT |1|10.0.0.2|1025\r\n',
    'PORT 10,0,0,2,4,1,5\r\n',
    'PORT 10,0,0,258,4,1\r\n',
  ]) {
    it(`A-5: ${command.trim()} opens nothing`, () => assert.deepEqual(active(command), []));
  }

  it('A-6: thousands of PORT commands leave one expectation, the last', () => {
    for (const settings of [{}, LINUX]) {
      const { world, talk } = session({ settings });
      for (let i = 0; i < 3000; i++) {
        talk.says(`PORT 10,0,0,2,${4 + (i >> 8)},${i & 255}\r\n`).answers('200 right\r\n');
      }
      talk.says('LIST\r\n');
      assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 10.0.0.2:4023']);
    }
  });

  it('A-7: many commands that become longer, with selective acknowledgements, in both directions', () => {
    const { talk } = session({ nat: true });
    for (let i = 0; i < 40; i++) talk.says(`PORT 10,0,0,2,4,${i}\r\n`).answers('200 right\r\n');
    assert.equal(talk.client.acknowledged, talk.client.seq);
    assert.equal(talk.server.received.split('PORT 203,0,113,1,4,').length, 41);
    // The receiver has a hole: what it says it has beyond the hole is said in the sender's count.
    const grew = 40 * 3;
    const { seq } = talk.client;
    const right = (seq + 60 + grew) >>> 0;
    const { pkt } = talk.segment(false, 'A', '', undefined, [
      1,
      1,
      ...[5, 10],
      ...sackOption([(seq + 20 + grew) >>> 0, right]).data,
    ])[0]!;
    assert.deepEqual(sackBlocks(pkt), [seq + 20, seq + 60]);
    assert.equal(tcp.ack(pkt.bytes, pkt.l4), seq | 0);
  });

  it('A-7: a command that no longer fits the MTU leaves in no datagram that is too long', () => {
    const { world, talk } = session({ nat: true });
    const filler = `${'NOOP\r\n'.repeat(237)}`;
    const seen = talk.segment(
      true,
      'PA',
      `${filler}PORT 10,0,0,2,4,1\r\n${'NOOP\r\n'.repeat(4)}`.slice(0, 1460),
    );
    for (const { pkt } of seen) assert.ok(pkt.l3End - pkt.l3 <= 1500);
    assert.equal(world.gateway.host.dropCounts.reduce((a, b) => a + b) <= 1, true);
  });

  it('A-8: after AUTH TLS nothing is read any more, whatever it looks like', () => {
    for (const auth of ['AUTH TLS\r\n', 'AUTH SSL\r\n', 'auth tls-c\r\n']) {
      const { world, talk } = session();
      talk.says(auth).answers('234 go\r\n').says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
      talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says('LIST\r\n');
      assert.deepEqual(world.expectations, []);
      const [flow] = world.flows.all;
      assert.ok(flow!.events.some(({ text }) => text.startsWith('steps aside: AUTH')));
    }
    const { world, talk } = session();
    talk.says('AUTH TLS\r\n').answers('502 no\r\n').says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
    assert.equal(world.expectations.length, 1);
  });

  it('A-20: expectations die with their master', () => {
    for (const settings of [{}, LINUX]) {
      const { world, talk } = session({ settings });
      talk.says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
      assert.equal(world.expectations.length, 1);
      world.gateway.conntrack.remove([...world.gateway.conntrack.entries(4)][0]!);
      assert.deepEqual(world.expectations, []);
    }
  });

  it('L4-13: a repetition that says something else is dropped, translated or not', () => {
    for (const nat of [false, true]) {
      const { world, talk } = session({ nat });
      const { seq } = talk.client;
      talk.says('NOOP 10,0,0,2,4,1\r\n');
      assert.deepEqual(talk.segment(true, 'PA', 'PORT 10,0,0,2,4,1\r\n', seq), []);
      assert.match(world.log.at(-1)!, /^nf_ct_ftp: dropping packet: says other than before/);
      talk.answers('200 right\r\n').says('LIST\r\n');
      assert.deepEqual(world.expectations, []);
    }
  });

  it('L4-12: urgent data and Telnet codes anywhere do not lead astray', () => {
    const { world, talk } = session();
    talk
      .says('\xff\xf4\xff')
      .says('\xf2')
      .says('PORT 10,0,0,2,4,1\r\n')
      .answers('200 a\r\n')
      .says('LIST\r\n');
    assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 10.0.0.2:1025']);
  });

  it('whatever is said, nothing is thrown, and only the two ends are expected', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'PORT ',
        'EPRT ',
        '227 ',
        '229 (',
        'EPSV',
        'PASV\r\n',
        '10,0,0,2,',
        '|1|10.0.0.2|',
        '\r\n',
        '4,1',
      ),
      fc.string({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes)),
    );
    const says = fc.record({ isClient: fc.boolean(), text: fc.array(piece, { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(says, { maxLength: 20 }), fc.boolean(), fc.boolean(), (said, nat, linux) => {
        const { world, talk } = session({ nat, ...(linux ? { settings: LINUX } : {}) });
        for (const { isClient, text } of said) {
          if (isClient) talk.says(text.join(''));
          else talk.answers(text.join(''));
        }
        for (const expectation of world.expectations) {
          assert.match(
            expectation,
            /^tcp (198\.51\.100\.7:\* → (10\.0\.0\.2|203\.0\.113\.1):|10\.0\.0\.2:\* → 198\.51\.100\.7:)/,
          );
        }
        if (!linux) assert.equal(talk.client.acknowledged, talk.client.seq);
      }),
      { numRuns: 150 },
    );
  });
});
