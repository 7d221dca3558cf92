/**
 * H.323: control and media of a call, however it is cut; translated; registrations; and messages that lie. That both kinds
 * do as the kernel's helpers where they should is test/kernel/cases/helper-h323.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { udp } from '../../src/conform/frames.ts';
import { openAnswer, openChannel, openRequest } from '../kernel/h323-control.ts';
import {
  admissionConfirm,
  gatekeeperConfirm,
  registrationConfirm,
  registrationRequest,
  unregistrationRequest,
} from '../kernel/h323-ras.ts';
import { connect, facility, forwarding, q931, setup, tpkt } from '../kernel/h323-signalling.ts';
import { Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 1720 -j CT --helper Q.931';
const RAS = '-p udp -m udp --dport 1719 -j CT --helper RAS';
const words = (message: readonly number[]): string => Buffer.from(tpkt(message)).toString('latin1');
const INSIDE = '10.0.0.2';
const OUTSIDE = '198.51.100.7';
const pair = (ip: string, port: number) => ({ rtp: { ip, port }, rtcp: { ip, port: port + 1 } });

function call(options: WorldOptions = {}): [World, Talk] {
  const world = new World({ helper: HELPER, ...options });
  return [world, new Talk(world, { serverPort: 1720 })];
}

describe('H.323, strict', () => {
  it('the answer names the address of control; what is said there opens media, from the other end alone', () => {
    const [world, talk] = call();
    talk.says(words(setup({ called: { ip: OUTSIDE, port: 1720 } })));
    talk.answers(words(connect({ h245: { ip: OUTSIDE, port: 30_000 } })));
    assert.deepEqual(world.expectations, [`tcp ${INSIDE}:* → ${OUTSIDE}:30000`]);
    const control = new Talk(world, { serverPort: 30_000, port: 41_000 });
    control.says(words(openRequest({ rtcp: { ip: INSIDE, port: 5005 } })));
    control.answers(words(openAnswer(pair(OUTSIDE, 6000))));
    assert.deepEqual(world.expectations, [
      `udp ${OUTSIDE}:* → ${INSIDE}:5004`,
      `udp ${OUTSIDE}:* → ${INSIDE}:5005`,
      `udp ${INSIDE}:* → ${OUTSIDE}:6000`,
      `udp ${INSIDE}:* → ${OUTSIDE}:6001`,
    ]);
    assert.deepEqual(
      [...world.flows.all].map(({ helper, command }) => [helper, command]),
      [
        ['Q.931', 'connect'],
        ['H.245', 'openLogicalChannelAck'],
      ],
    );
  });

  it('fast start and tunnelled control open media without a further connection', () => {
    const [world, talk] = call();
    talk.says(words(setup({ fastStart: [openChannel(pair(INSIDE, 5004))] })));
    talk.answers(words(connect({ tunnelled: [openAnswer(pair(OUTSIDE, 6000))] })));
    assert.equal(world.expectations.length, 4);
  });

  it('a channel that is not described ends the reading; those before it count', () => {
    const [world, talk] = call();
    const channel = openChannel(pair(INSIDE, 5004));
    // Video of a kind that nobody uses, in the place of audio: data type 2, alternative 2.
    const other = channel.with(3, (channel[3]! & 0xc0) | 0b0_010_0_0).with(4, 0b10_000000);
    talk.says(words(setup({ fastStart: [channel, other, openChannel(pair(INSIDE, 5008))] })));
    assert.deepEqual(world.expectations, [
      'udp 198.51.100.7:* → 10.0.0.2:5004',
      'udp 198.51.100.7:* → 10.0.0.2:5005',
    ]);
  });

  it('over IPv6', () => {
    const [world, talk] = call({ family: 6 });
    talk.says(
      words(
        setup({
          h245: { ip: world.inside, port: 30_000 },
          fastStart: [openChannel(pair(world.inside, 5004))],
        }),
      ),
    );
    assert.deepEqual(world.expectations, [
      'tcp 2001:db8:9::7:* → fd00:a::2:30000',
      'udp 2001:db8:9::7:* → fd00:a::2:5004',
      'udp 2001:db8:9::7:* → fd00:a::2:5005',
    ]);
  });

  it('translated, the callee is told the outer addresses, and media find their way', () => {
    const [world, talk] = call({ nat: true });
    const own = { ip: INSIDE, port: 40_000 };
    talk.says(
      words(
        setup({
          calling: own,
          h245: { ip: INSIDE, port: 30_000 },
          fastStart: [openChannel(pair(INSIDE, 5004))],
        }),
      ),
    );
    const shown = { ip: world.shown, port: 40_000 };
    assert.equal(
      talk.server.received,
      words(
        setup({
          calling: shown,
          h245: { ip: world.shown, port: 30_000 },
          fastStart: [openChannel(pair(world.shown, 5004))],
        }),
      ),
    );
    const [media] = world.fromOutside(udp({ from: OUTSIDE, to: world.shown }, 9000, 5004, [0x80]));
    assert.equal(media!.iface, 'eth0');
  });

  for (const nat of [false, true]) {
    it(`cut at every byte position: the same expectations (${nat ? 'translated' : 'untranslated'})`, () => {
      const said = words(
        setup({ h245: { ip: INSIDE, port: 30_000 }, fastStart: [openChannel(pair(INSIDE, 5004))] }),
      );
      for (let cut = 1; cut < said.length; cut++) {
        const [world, talk] = call({ nat });
        talk.says(said, [cut]);
        assert.equal(world.expectations.length, 3, `cut at ${cut}`);
        assert.equal(talk.server.received.length, said.length);
      }
    });
  }

  const message = setup({ h245: { ip: INSIDE, port: 30_000 } });
  const element = message.indexOf(0x7e);
  for (const [what, said] of [
    ['a third host', words(setup({ h245: { ip: '10.0.0.9', port: 30_000 } }))],
    ['a port below 1024', words(setup({ h245: { ip: INSIDE, port: 500 } }))],
    ['port 0', words(setup({ h245: { ip: INSIDE, port: 0 } }))],
    ['a user-user element of length 0', words(message.with(element + 1, 0).with(element + 2, 0))],
    ['a user-user element longer than the message', words(message.with(element + 1, 255))],
    ['another protocol', words(message.with(0, 9))],
    ['a call reference longer than the message', words(message.with(1, 255))],
    ['no elements at all', words([8, 1, 1, 5])],
    ['a message of one octet', words([8])],
    [
      'more extensions than any message has',
      words(q931(5, [0x20, 0xa0, 6, 0, 8, 0x91, 0x4a, 0, 4, 0x7f, ...new Array<number>(20).fill(0xff)])),
    ],
    ['ones only', words(q931(5, new Array<number>(200).fill(0xff)))],
    ['a TPKT of length 3', `\x03\0\0\x03${words(message)}`],
    ['a request of HTTP before it', `POST / HTTP/1.1\r\n\r\n${words(message)}`],
  ] as const) {
    it(`A-2, A-16: ${what} opens nothing, and all goes on unchanged`, () => {
      for (const nat of [false, true]) {
        const [world, talk] = call({ nat });
        talk.says(said);
        assert.deepEqual(world.expectations, []);
        assert.equal(talk.server.received, said);
      }
    });
  }

  it('A-6: channels without end are capped, the oldest go', () => {
    const [world, talk] = call();
    for (let i = 0; i < 100; i++)
      talk.says(words(setup({ fastStart: [openChannel(pair(INSIDE, 5004 + 4 * i))] })));
    assert.equal(world.expectations.length, 20);
    assert.equal(world.expectations.at(-1), `udp ${OUTSIDE}:* → ${INSIDE}:${5004 + 4 * 99 + 1}`);
  });

  it('a call that the callee sends on to another port of his own is expected there; to a third host it is not', () => {
    const [world, talk] = call();
    talk.answers(words(forwarding({ ip: '198.51.100.9', port: 1720 })));
    assert.deepEqual(world.expectations, []);
    talk.answers(words(forwarding({ ip: OUTSIDE, port: 1800 })));
    assert.deepEqual(world.expectations, [`tcp ${INSIDE}:* → ${OUTSIDE}:1800`]);
  });

  it('A-20: control and media die with the connection that announced them', () => {
    const [world, talk] = call();
    talk.says(words(facility({ ip: INSIDE, port: 30_000 })));
    assert.equal(world.expectations.length, 1);
    world.gateway.conntrack.remove([...world.gateway.conntrack.entries(4)][0]!);
    assert.deepEqual(world.expectations, []);
  });

  it('a registration lets the gatekeeper’s host call, until it is taken back; a third host is not called', () => {
    const world = new World({ helper: RAS });
    const ask = (reply: boolean, payload: readonly number[]): void => {
      if (reply) world.fromOutside(udp({ from: OUTSIDE, to: INSIDE }, 1719, 5000, payload));
      else world.fromInside(udp({ from: INSIDE, to: OUTSIDE }, 5000, 1719, payload));
    };
    const calls = [{ ip: INSIDE, port: 1720 }];
    ask(false, registrationRequest(calls, [{ ip: INSIDE, port: 5000 }], 60, []));
    ask(true, registrationConfirm(calls, 90));
    assert.deepEqual(world.expectations, [`tcp ${OUTSIDE}:* → ${INSIDE}:1720 PERMANENT`]);
    ask(true, admissionConfirm({ ip: '192.0.2.9', port: 1720 }));
    ask(true, gatekeeperConfirm({ ip: '192.0.2.9', port: 1719 }));
    assert.equal(world.expectations.length, 1);
    ask(false, unregistrationRequest(calls));
    assert.deepEqual(world.expectations, []);
  });

  it('A-21: whatever is changed in messages, nothing is thrown, in both kinds, and only the two ends are expected in strict', () => {
    const edit = fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 }));
    const said = setup({
      called: { ip: OUTSIDE, port: 1720 },
      calling: { ip: INSIDE, port: 40_000 },
      h245: { ip: INSIDE, port: 30_000 },
      fastStart: [openChannel(pair(INSIDE, 5004), pair(INSIDE, 5008))],
      tunnelled: [openRequest({ rtcp: { ip: INSIDE, port: 5013 } })],
    });
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 4 }),
        fc.boolean(),
        fc.constantFrom('strict', 'linux'),
        (edits, nat, mode) => {
          const bytes = [...said];
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          const [world, talk] = call({ nat, settings: { mode } });
          talk.says(words(bytes));
          if (mode === 'linux') return;
          for (const line of world.expectations) {
            assert.match(line, /^(tcp|udp) 198\.51\.100\.7:\* → (10\.0\.0\.2|203\.0\.113\.1):/);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('A-21: RAS of any content throws nothing, in both kinds', () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(bytes, fc.constantFrom('strict', 'linux'), (payload, mode) => {
        const world = new World({ helper: RAS, settings: { mode } });
        world.fromInside(udp({ from: INSIDE, to: OUTSIDE }, 5000, 1719, payload));
      }),
      { numRuns: 200 },
    );
  });
});
