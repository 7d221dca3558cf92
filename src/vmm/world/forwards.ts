/**
 * Port forwards: ports of this machine that lead to guests, for as long as they are there. What comes goes from the world to
 * the guest by the gateway, so its rules decide (`-i wan -o lan`), and they and the guest see it come from this machine, or
 * from the client where that is asked.
 */
import { SluiceError } from '../../base/errors.ts';
import { parseAddress } from '../../stack/address.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { Tcp } from '../../stack/tcp/index.ts';
import type { Udp } from '../../stack/udp/index.ts';
import { formatForward, type Forward, type PortForwards } from './forward.ts';
import type { Outside } from './outside.ts';
import { TcpForward } from './tcp-forward.ts';
import { UdpForward } from './udp-forward.ts';

/** The guest's end of a forward, and under which address this machine appears to it. */
export interface GuestEnd {
  readonly family: Family;
  readonly words: Int32Array;
  readonly machine: Int32Array;
}

/** An open port. */
export interface OpenForward {
  /** The port that was taken. */
  readonly port: number;
  close(): Promise<void>;
}

export interface ForwardParts {
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly outside: Outside;
  /** Addresses of a guest by its name. */
  readonly addressesOf: (name: string) => readonly string[];
  /** This machine, to guests. */
  readonly machine: Readonly<Record<Family, Int32Array>>;
}

export class Forwards implements PortForwards {
  private readonly parts: ForwardParts;
  private readonly open = new Map<string, { readonly forward: Forward; readonly port: OpenForward }>();

  constructor(parts: ForwardParts) {
    this.parts = parts;
  }

  /** Opens a port; the forward as it is, with the port that was taken. Rejects with SluiceError. */
  async add(wanted: Forward): Promise<Forward> {
    const { tcp, udp, outside } = this.parts;
    const find = () => this.find(wanted.guest);
    let port: OpenForward;
    try {
      port = await (wanted.protocol === 'tcp'
        ? TcpForward.open(tcp, outside, wanted, find)
        : UdpForward.open(udp, outside, wanted, find));
    } catch (error) {
      throw new SluiceError('FORWARD', `${formatForward(wanted)}: ${(error as Error).message}`);
    }
    const forward = { ...wanted, port: port.port };
    this.open.set(formatForward(forward), { forward, port });
    return forward;
  }

  /** Ends a forward, and what goes through it. False when there is none such. */
  async remove(text: string): Promise<boolean> {
    const found = this.open.get(text);
    if (found === undefined) return false;
    this.open.delete(text);
    await found.port.close();
    return true;
  }

  list(): readonly Forward[] {
    return [...this.open.values()].map(({ forward }) => forward);
  }

  async close(): Promise<void> {
    const all = [...this.open.values()];
    this.open.clear();
    await Promise.all(all.map(({ port }) => port.close()));
  }

  /** Undefined while nobody has the name: asked anew for each connection, since guests come and go. */
  private find(guest: string): GuestEnd | undefined {
    const { addressesOf, machine } = this.parts;
    const address = parseAddress(guest) ?? parseAddress(addressesOf(guest)[0] ?? '');
    return address && { family: address.family, words: address.words, machine: machine[address.family] };
  }
}
