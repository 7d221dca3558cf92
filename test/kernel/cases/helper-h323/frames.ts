/** The helpers of H.323: calls with and without fast start, control on its own connection and tunnelled, registrations, with and without translation, both families. */
import { TcpConversation, TimeLine } from '../../flow.ts';
import { tcp, udp } from '../../../../src/conform/frames.ts';
import { type Transport } from '../../h323-bits.ts';
import { openAnswer, openChannel, openRequest } from '../../h323-control.ts';
import {
  admissionConfirm,
  admissionRequest,
  gatekeeperConfirm,
  gatekeeperRequest,
  infoResponse,
  locationConfirm,
  locationRequest,
  registrationConfirm,
  registrationRequest,
  unregistrationRequest,
} from '../../h323-ras.ts';
import { connect, facility, forwarding, progressing, q931, setup, tpkt } from '../../h323-signalling.ts';

const line = new TimeLine();
let port = 3000;

interface Parties {
  /** The client's own address, and as the server sees it. */
  readonly own: string;
  readonly shown: string;
  readonly server: string;
}

class Talk {
  readonly #tcp: TcpConversation;
  readonly port: number;

  constructor({ own, shown, server }: Parties, serverPort = 1720, seen = { ip: server, port: serverPort }) {
    this.port = ++port;
    this.#tcp = new TcpConversation(
      { ends: { from: own, to: seen.ip }, port: this.port, peerPort: seen.port },
      (packet) => line.inside(packet),
      { ends: { from: server, to: shown }, port: serverPort, peerPort: this.port },
      (packet) => line.outside(packet),
    ).handshake();
  }

  client(...messages: readonly (readonly number[])[]): this {
    this.#tcp.client('PA', messages.flatMap(tpkt));
    return this;
  }

  server(...messages: readonly (readonly number[])[]): this {
    this.#tcp.server('PA', messages.flatMap(tpkt));
    return this;
  }

  raw(bytes: readonly number[]): this {
    this.#tcp.client('PA', bytes);
    return this;
  }
}

function calls(parties: Parties): void {
  const { own, shown, server } = parties;
  const at = (ip: string, number: number): Transport => ({ ip, port: number });
  const pair = (ip: string, number: number) => ({ rtp: at(ip, number), rtcp: at(ip, number + 1) });
  const base = 20_000 + port;

  // Control on its own connection; the callee names it.
  let talk = new Talk(parties);
  talk.client(setup({ called: at(server, 1720), calling: at(own, talk.port) }));
  talk.server(progressing(1, {})).server(progressing(3, {}));
  talk.server(connect({ h245: at(server, base) }));
  const control = new Talk(parties, base);
  control.client(openRequest({ rtcp: at(own, base + 3) })).server(openAnswer(pair(server, base + 4)));
  control.server(openRequest(pair(server, base + 6))).client(openAnswer(pair(own, base + 8)));
  control.client(openRequest({ rtp: at(own, base + 11) }, pair(own, base + 14)));
  control.client(openRequest({ rtp: at('192.0.2.9', base + 16) }));
  control.client(openRequest({ rtp: at(own, 0) }));
  control.client(openRequest({ rtp: at(own, base + 18) }), openRequest({ rtcp: at(own, base + 19) }));
  control.client(openRequest({}, undefined, at(own, base + 30)));
  control.client(openAnswer({ rtp: at(own, base + 40) }, pair(own, base + 42)));
  // Media through.
  line.outside(udp({ from: server, to: shown }, base + 4, base + 8, [0x80, 0]));
  line.inside(udp({ from: own, to: server }, base + 8, base + 4, [0x80, 0]));

  // Control at the caller's; fast start; tunnelled control; facility.
  talk = new Talk(parties);
  talk.client(
    setup({
      h245: at(own, base + 100),
      fastStart: [openChannel(pair(own, base + 102)), openChannel(pair(server, base + 104))],
    }),
  );
  talk.server(
    progressing(1, { fastStart: [openChannel({ rtcp: at(server, base + 107) }, pair(server, base + 108))] }),
  );
  talk.server(
    connect({ tunnelled: [openRequest(pair(server, base + 110)), openAnswer(pair(server, base + 112))] }),
  );
  talk.client(facility(at(own, base + 114))).server(facility(at(server, base + 116)));
  talk.client(facility(at(own, base + 114)));
  line.outside(tcp({ from: server, to: shown }, { sport: 999, dport: base + 100, seq: 1, flags: 'S' }));

  // Somebody else's addresses; several in a packet; pieces of TPKTs; no TPKT; elements that lie.
  talk = new Talk(parties);
  talk.client(setup({ h245: at(server, base + 200) }));
  talk.client(setup({ h245: at(own, 0) }));
  talk.client(setup({ h245: at(own, base + 201) }), setup({ h245: at(own, base + 202) }));
  const whole = tpkt(setup({ h245: at(own, base + 203) }));
  talk.raw(whole.slice(0, 4)).raw(whole.slice(4));
  talk.raw(whole.slice(0, 40)).raw(whole.slice(40));
  talk.raw([...whole, 3, 0, 0]);
  talk.raw(setup({ h245: at(own, base + 204) }));
  talk.raw([3, 0, 0, 3, 1]).raw([3, 0, 255, 255, 1]);
  const message = setup({ h245: at(own, base + 205) });
  for (const cut of [1, 5, 12, 20, 40]) talk.client(message.slice(0, message.length - cut));
  const element = message.indexOf(0x7e);
  talk.client(message.with(element + 1, 0).with(element + 2, 0));
  talk.client(message.with(element + 1, 255));
  talk.client(message.with(0, 9));
  talk.client(message.with(1, 200));
  talk.client(q931(5, []));
  talk.client(q931(5, [0xff, 0xff, 0xff, 0xff]));
  // More extensions than any message has.
  talk.client(
    q931(
      5,
      [0x20, 0xa0, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x04, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ),
  );

  // Sent on elsewhere: to another host of the caller's side, to the callee's own, to a third.
  talk = new Talk(parties);
  talk.client(setup({ called: at(server, 1720) }));
  talk.client(forwarding(at(own, base + 400))).server(forwarding(at(server, base + 402)));
  talk
    .server(forwarding(at(own.replace(/[23]$/, '1'), base + 404)))
    .client(forwarding(at(server, base + 406)));
  talk.client(forwarding(at(server.replace(/7$/, '8'), base + 408))).client(forwarding(at(own, 0)));
  talk.server(forwarding(at(own.replace(/[23]$/, '9'), base + 410)));
  line.inside(tcp({ from: own, to: server }, { sport: 998, dport: base + 402, seq: 1, flags: 'S' }));
  line.outside(tcp({ from: server, to: shown }, { sport: 998, dport: base + 400, seq: 1, flags: 'S' }));

  // More channels than Linux translates.
  talk = new Talk(parties);
  const many = Array.from({ length: 6 }, (_, i) => openChannel(pair(own, base + 300 + 4 * i)));
  talk.client(setup({ fastStart: many })).client(setup({ fastStart: many.slice(0, 2) }));
}

function registrations({ own, shown, server }: Parties): void {
  const at = (ip: string, number: number): Transport => ({ ip, port: number });
  const RAS = 1719;
  const exchange = (client: readonly number[] | null, reply: readonly number[] | null, from = port): void => {
    if (client !== null) line.inside(udp({ from: own, to: server }, from, RAS, client));
    if (reply !== null) line.outside(udp({ from: server, to: shown }, RAS, from, reply));
  };
  const signal = 1720;
  port++;
  exchange(gatekeeperRequest(at(own, port)), gatekeeperConfirm(at(server, RAS)));
  exchange(
    registrationRequest([at(own, signal)], [at(own, port)], 60),
    registrationConfirm([at(shown, signal)], 120),
  );
  exchange(admissionRequest(undefined, at(own, signal)), admissionConfirm(at(server, 1721)));
  exchange(admissionRequest(at(own, signal), at(server, 5)), admissionConfirm(at(shown, signal)));
  exchange(locationRequest(at(own, port)), locationConfirm(at('192.0.2.9', 1722), at(server, RAS)));
  exchange(infoResponse(at(own, port), [at(own, signal)]), null);
  line.outside(
    tcp({ from: server, to: shown }, { sport: 5000 + (port % 100), dport: signal, seq: 1, flags: 'S' }),
  );
  line.inside(
    tcp({ from: own, to: server }, { sport: 6000 + (port % 100), dport: 1721, seq: 1, flags: 'S' }),
  );
  // Another station registers; at the same port (translated, Linux would draw another at random).
  port++;
  exchange(
    registrationRequest([at('127.0.0.1', signal + 5), at(own, signal + 5)], [at(own, port)]),
    registrationConfirm([at(shown, signal + 5)]),
  );
  if (own === shown) exchange(registrationRequest([at(own, signal)], [at(own, port)]), null);
  exchange(
    registrationRequest([at(own, signal + 10)], [at(own, port)]),
    registrationConfirm([at(shown, signal + 10)]),
  );
  exchange(registrationRequest([at(server, signal)], [at(own, port)]), null);
  exchange(registrationRequest([at(own, 0)], [at(own, port)]), null);
  exchange(unregistrationRequest([at(own, signal + 10)]), null);
  port++;
  exchange(gatekeeperRequest(at(own, 1)), gatekeeperConfirm(at(server, 1718)));
  exchange(gatekeeperRequest(at(own, port)).slice(0, -3), registrationConfirm([], 5).slice(0, 9));
  // A lifetime that ends the message.
  port++;
  exchange(
    registrationRequest([at(own, 1730)], [at(own, port)], 60, []),
    registrationConfirm([at(shown, 1730)], 90, []),
  );
  exchange([], [0xff, 0xff, 0xff]);
}

for (const parties of [
  { own: '10.0.0.3', shown: '10.0.0.3', server: '198.51.100.7' },
  { own: '10.0.0.2', shown: '203.0.113.1', server: '198.51.100.7' },
  { own: 'fd00:a::3', shown: 'fd00:a::3', server: '2001:db8:9::7' },
]) {
  port += 500;
  calls(parties);
  registrations(parties);
}

export const steps = line.steps;
