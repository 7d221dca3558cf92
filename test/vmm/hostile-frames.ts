/**
 * Frames of a guest that means harm: what guests say to a network, said right, and then spoilt a little – bytes changed, ends cut
 * off or added, lengths that lie. The same seed makes the same frames.
 */
import type { Rng } from '../../src/base/rng.ts';
import { formatMac } from '../../src/wire/address.ts';
import { arp, data, ethernet, frame, icmp, icmpv6, ipv4, ipv6, tcp, udp } from '../../src/wire/build.ts';
import * as dhcp from '../../src/wire/dhcp.ts';

const GATEWAY_MAC = '02:53:6c:00:00:01';
const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
const GATEWAY = '192.168.122.1';
const GATEWAY6 = 'fd00:122::1';
const MACHINE = '100.64.0.2';
/** A query of DNS for a name of the world, whose answer the hostile resolver gives. */
const QUERY = [
  0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0x65, 0x76, 0x69, 0x6c, 4, 0x74, 0x65, 0x73, 0x74, 0, 0, 1, 0, 1,
];
const FTP_LINES = [
  'PORT 192,168,122,9,4,1\r\n',
  'EPRT |1|192.168.122.9|1025|\r\n',
  'PASV\r\n',
  'PORT 1,2\r\n',
  'AUTH TLS\r\n',
];

export class HostileGuest {
  readonly mac: string;
  private readonly ip: string;
  private readonly ip6: string;
  private readonly port: number;
  private readonly rng: Rng;

  /** @param port - of this machine, that it may reach */
  constructor(index: number, port: number, rng: Rng) {
    this.port = port;
    this.mac = formatMac(Uint8Array.of(2, 0, 0, 0, 0, index), 0);
    this.ip = `192.168.122.${index}`;
    this.ip6 = `fd00:122::${index}`;
    this.rng = rng;
  }

  /** One frame, spoilt three times out of four. */
  next(): Uint8Array {
    const bytes = this.honest();
    return this.rng.below(4) === 0 ? bytes : this.spoilt(bytes);
  }

  private spoilt(bytes: Uint8Array): Uint8Array {
    const { rng } = this;
    const cut = rng.below(3) === 0 ? rng.below(bytes.length + 1) : bytes.length;
    const spoilt = new Uint8Array(cut + (rng.below(8) === 0 ? rng.below(64) : 0));
    spoilt.set(bytes.subarray(0, cut));
    // Most often it keeps its own hardware address: else nobody would look any further.
    const from = rng.below(8) === 0 ? 0 : 14;
    for (let changes = rng.below(5); changes > 0 && spoilt.length > from; changes--) {
      spoilt[from + rng.below(spoilt.length - from)] = rng.below(256);
    }
    return spoilt;
  }

  private honest(): Uint8Array {
    const { rng, mac, ip, ip6 } = this;
    const link = ethernet({ src: mac, dst: rng.below(4) === 0 ? EVERYBODY : GATEWAY_MAC });
    const net = (dst: string) => ipv4({ src: ip, dst });
    const net6 = (dst: string) => ipv6({ src: ip6, dst });
    const noise = (most: number) => data(Uint8Array.from({ length: rng.below(most) }, () => rng.below(256)));
    const text = (words: string) => data(Buffer.from(words, 'latin1'));
    const port = 1024 + rng.below(40_000);
    const segment = (dstPort: number) =>
      tcp({
        srcPort: port & 0x7ff,
        dstPort,
        seq: rng.u32(),
        ack: rng.u32(),
        flags: rng.below(64),
        window: rng.below(65536),
      });
    const makers: readonly (() => Uint8Array)[] = [
      () =>
        frame(link, arp({ operation: 1 + rng.below(2), senderMac: mac, senderIp: ip, targetIp: GATEWAY })),
      () =>
        frame(
          ethernet({ src: mac, dst: EVERYBODY }),
          ipv4({ src: '0.0.0.0', dst: '255.255.255.255' }),
          udp({ srcPort: 68, dstPort: 67 }),
          data(this.dhcp()),
        ),
      () => frame(link, net(GATEWAY), udp({ srcPort: port, dstPort: 53 }), data(Uint8Array.from(QUERY))),
      () => frame(link, net6(GATEWAY6), udp({ srcPort: port, dstPort: 53 }), data(Uint8Array.from(QUERY))),
      () =>
        frame(
          link,
          net(GATEWAY),
          udp({ srcPort: port, dstPort: 69 }),
          text('\0\x01boot\0octet\0blksize\x001000\0'),
        ),
      () =>
        frame(
          link,
          net(GATEWAY),
          udp({ srcPort: port, dstPort: 123 }),
          data(Uint8Array.of(0x23, ...new Uint8Array(47))),
        ),
      () =>
        frame(
          link,
          net6('ff02::1:2'),
          udp({ srcPort: 546, dstPort: 547 }),
          data(Uint8Array.of(1, 1, 2, 3, 0, 1, 0, 4, 0, 3, 0, 1, 0, 3, 0, 12, ...new Uint8Array(12))),
        ),
      () => frame(link, net6('ff02::2'), icmpv6({ type: 133 })),
      () => frame(link, net(GATEWAY), segment(53), noise(40)),
      () => frame(link, net(MACHINE), segment(21), text(FTP_LINES[rng.below(FTP_LINES.length)]!)),
      () => frame(link, net(MACHINE), segment(this.port), noise(300)),
      () => frame(link, net(MACHINE), udp({ srcPort: port, dstPort: this.port }), noise(300)),
      () =>
        frame(
          link,
          ipv4({
            src: ip,
            dst: GATEWAY,
            id: rng.below(8),
            fragOffset: rng.below(64) * 8,
            flags: rng.below(2),
          }),
          noise(400),
        ),
      () => frame(link, net(GATEWAY), icmp({ type: rng.below(20), code: rng.below(4) }), noise(100)),
      () => noiseFrame(rng, mac),
    ];
    return makers[rng.below(makers.length)]!();
  }

  private dhcp(): Uint8Array {
    const { rng } = this;
    return dhcp.emit({
      ...{
        op: dhcp.BOOTREQUEST,
        xid: rng.u32(),
        secs: 0,
        flags: 0,
        ciaddr: 0,
        yiaddr: 0,
        siaddr: 0,
        giaddr: 0,
      },
      chaddr: Uint8Array.from(this.mac.split(':'), (byte) => parseInt(byte, 16)),
      file: '',
      options: new Map([
        [dhcp.Option.MESSAGE_TYPE, Uint8Array.of(1 + rng.below(8))],
        // Another one each time: it wants all addresses there are.
        [dhcp.Option.CLIENT_IDENTIFIER, Uint8Array.of(1, rng.below(256), rng.below(256))],
      ]),
    });
  }
}

function noiseFrame(rng: Rng, mac: string): Uint8Array {
  const bytes = Uint8Array.from({ length: 14 + rng.below(1500) }, () => rng.below(256));
  bytes.set(
    mac.split(':').map((byte) => parseInt(byte, 16)),
    6,
  );
  return bytes;
}
