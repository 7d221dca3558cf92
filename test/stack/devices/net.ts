/** Hosts of ours with cables between their interfaces, on virtual time; UDP on each, to see what gets through. */
import { VirtualClock } from '../../../src/base/clock.ts';
import { SeededRng } from '../../../src/base/rng.ts';
import { parseAddress } from '../../../src/stack/address.ts';
import { Host } from '../../../src/stack/host.ts';
import { connectDevices, Plugs, type Link } from '../../../src/stack/link/index.ts';
import { Udp } from '../../../src/stack/udp/index.ts';

export interface Node {
  readonly host: Host;
  readonly plugs: Plugs;
  readonly udp: Udp;
}

export class Net {
  readonly clock = new VirtualClock(1_700_000_000_000_000);
  /** Frames in hexadecimal, by the names of the interfaces that they left. */
  readonly frames: string[] = [];
  private count = 0;

  node(interfaces: Record<string, unknown>, more: Record<string, unknown> = {}): Node {
    const plugs = new Plugs();
    const number = ++this.count;
    const macs = Object.fromEntries(
      Object.entries(interfaces).map(([name, value], i) => [
        name,
        (value as { type?: string }).type === undefined
          ? { mac: `02:00:00:00:0${number}:0${i}`, ...(value as object) }
          : value,
      ]),
    );
    const host = Host.fromObject(
      { interfaces: macs, ...more },
      { clock: this.clock, rng: new SeededRng(number), sink: plugs },
    );
    return { host, plugs, udp: new Udp(host) };
  }

  cable(a: Node, aName: string, b: Node, bName: string): Link {
    const end = (node: Node, name: string) => ({ ...node, device: node.host.devices.named(name)! });
    const link = connectDevices(this.clock, new SeededRng(9), end(a, aName), end(b, bName));
    link.tap((_time, fromA, bytes, start, stop) =>
      this.frames.push(
        `${fromA ? aName : bName} ${Buffer.from(bytes.subarray(start, stop)).toString('hex')}`,
      ),
    );
    return link;
  }

  /** Sends a datagram; who got it, as `address interface`, or an empty text. */
  talk(from: Node, to: Node, address: string, size = 10): string {
    const { family, words } = parseAddress(address)!;
    const receiver = to.udp.open({ family, port: 7777 });
    const sender = from.udp.open({ family });
    try {
      sender.send(new Uint8Array(size).fill(7), words, 7777);
      this.pass(3);
      const got = receiver.receive();
      return got === undefined || got.bytes.length !== size ? '' : `${to.host.interfaceName(got.device)}`;
    } finally {
      receiver.close();
      sender.close();
    }
  }

  pass(seconds: number): void {
    this.clock.advanceTo(this.clock.now + seconds * 1e6);
  }
}
