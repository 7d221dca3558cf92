import assert from 'node:assert/strict';
import { VirtualClock } from '../../src/base/clock.ts';
import { SeededRng } from '../../src/base/rng.ts';
import { Dhcp4Client, type DhcpLease } from '../../src/services/dhcp4-client.ts';
import { Leases } from '../../src/services/dhcp4-leases.ts';
import { Dhcp4Server } from '../../src/services/dhcp4-server.ts';
import { formatIp4, parseIp4 } from '../../src/wire/address.ts';
import * as dhcp from '../../src/wire/dhcp.ts';

const SECOND_US = 1_000_000;
const LEASE_S = 1000;
const ip = (text: string) => parseIp4(text)!;

/** A client and a server on a wire that can be cut. */
class Wire {
  readonly clock = new VirtualClock(1_700_000_000 * SECOND_US);
  readonly told: string[] = [];
  readonly leases: (string | null)[] = [];
  /** What the client sent, and whether to everybody. */
  readonly sent: string[] = [];
  isCut = false;
  refuses = false;
  readonly client: Dhcp4Client;

  constructor() {
    const leases = new Leases({
      clock: this.clock,
      first: ip('10.0.0.100'),
      last: ip('10.0.0.110'),
      taken: [],
      reservations: [],
      leaseUs: LEASE_S * SECOND_US,
      perMac: 4,
    });
    const network = {
      address: ip('10.0.0.1'),
      router: ip('10.0.0.1'),
      mask: ip('255.255.255.0'),
      mtu: 1500,
      leaseSeconds: LEASE_S,
      nameServers: [ip('10.0.0.53')],
      domain: 'lab',
      extra: new Map<number, Uint8Array>(),
    };
    const server = new Dhcp4Server(network, leases);
    this.client = new Dhcp4Client(Uint8Array.of(2, 0, 0, 0, 0, 1), 'desk', {
      clock: this.clock,
      rng: new SeededRng(1),
      send: (bytes, to) => {
        const message = dhcp.parse(bytes, 0, bytes.length)!;
        const kind = message.options.get(dhcp.Option.MESSAGE_TYPE)![0]!;
        this.sent.push(`${kind} ${to === 0 ? 'all' : formatIp4(to)}`);
        if (this.isCut) return;
        const answer = server.answer(message);
        if (answer === undefined) return;
        const refused = {
          ...answer,
          options: new Map([[dhcp.Option.MESSAGE_TYPE, Uint8Array.of(dhcp.MessageType.NAK)]]),
        };
        this.clock.at(this.clock.now, () => this.client.hear(dhcp.emit(this.refuses ? refused : answer)));
      },
      bound: (lease: DhcpLease | null) => this.leases.push(lease === null ? null : formatIp4(lease.address)),
      tell: (line) => this.told.push(line),
    });
  }

  wait(seconds: number): void {
    this.clock.advanceTo(this.clock.now + seconds * SECOND_US);
  }
}

describe('the DHCP client', () => {
  it('finds a server, asks for what it offers, and has it with all that belongs to it', () => {
    const wire = new Wire();
    wire.client.start();
    wire.wait(1);
    assert.deepEqual(wire.sent, ['1 all', '3 all']);
    assert.deepEqual(wire.leases, ['10.0.0.100']);
    const { lease } = wire.client;
    assert.deepEqual(
      [lease!.mask, lease!.router, lease!.nameServers, lease!.domain, lease!.seconds],
      [ip('255.255.255.0'), ip('10.0.0.1'), [ip('10.0.0.53')], 'lab', LEASE_S],
    );
  });

  it('asks again after 4, 8, 16 … 64 seconds while nobody answers', () => {
    const wire = new Wire();
    wire.isCut = true;
    wire.client.start();
    wire.wait(4 + 8 + 16 + 32 + 64 + 64 + 1);
    assert.deepEqual(wire.sent, Array(7).fill('1 all'));
    wire.isCut = false;
    wire.wait(64);
    assert.deepEqual(wire.leases, ['10.0.0.100']);
  });

  it('renews with its server at half the time, and keeps its address', () => {
    const wire = new Wire();
    wire.client.start();
    wire.wait(1);
    wire.wait(LEASE_S / 2);
    assert.equal(wire.sent.at(-1), '3 10.0.0.1');
    wire.wait(10 * LEASE_S);
    assert.deepEqual([...new Set(wire.leases)], ['10.0.0.100']);
  });

  it('asks everybody after seven eighths, and is without address when the lease has ended', () => {
    const wire = new Wire();
    wire.client.start();
    wire.wait(1);
    wire.isCut = true;
    wire.wait(LEASE_S * 0.875);
    assert.equal(wire.sent.at(-1), '3 all');
    wire.wait(LEASE_S / 8 - 1.5);
    assert.equal(wire.leases.at(-1), '10.0.0.100');
    wire.wait(1);
    assert.equal(wire.leases.at(-1), null);
    assert.equal(wire.sent.at(-1), '1 all');
  });

  it('begins anew when it is refused', () => {
    const wire = new Wire();
    wire.client.start();
    wire.wait(1);
    wire.refuses = true;
    wire.wait(LEASE_S / 2);
    assert.ok(wire.leases.includes(null));
    wire.refuses = false;
    wire.wait(5);
    assert.equal(wire.leases.at(-1), '10.0.0.100');
  });

  it('gives its address back', () => {
    const wire = new Wire();
    wire.client.start();
    wire.wait(1);
    wire.client.release();
    assert.deepEqual([wire.sent.at(-1), wire.leases.at(-1)], ['7 10.0.0.1', null]);
    wire.wait(LEASE_S);
    assert.equal(wire.sent.at(-1), '7 10.0.0.1', 'and asks for none until it is told to');
  });

  it('takes no notice of answers to others, and of what is no DHCP', () => {
    const wire = new Wire();
    wire.isCut = true;
    wire.client.start();
    const other = dhcp.emit({
      op: dhcp.BOOTREPLY,
      xid: 1,
      secs: 0,
      flags: 0,
      ciaddr: 0,
      yiaddr: ip('10.0.0.66'),
      siaddr: 0,
      giaddr: 0,
      chaddr: new Uint8Array(6),
      file: '',
      options: new Map([[dhcp.Option.MESSAGE_TYPE, Uint8Array.of(dhcp.MessageType.ACK)]]),
    });
    wire.client.hear(other);
    for (let length = 0; length < 300; length += 7) wire.client.hear(new Uint8Array(length).fill(length));
    assert.deepEqual(wire.leases, []);
  });
});
