/** Two phones beside a gateway with SIP's strict helper, for its tests. */
import { text as bytesOf, udp } from '../../src/conform/frames.ts';
import { invite, response, sdp, type SipFields } from '../kernel/sip-words.ts';
import { World, type WorldOptions } from './support.ts';

export const UDP = '-p udp -m udp --dport 5060 -j CT --helper sip';
export const TCP = '-p tcp -m tcp --dport 5060 -j CT --helper sip';
export const LINUX = { mode: 'linux' } as const;
export const CALLER = ['udp 198.51.100.7:* → 10.0.0.2:6000', 'udp 198.51.100.7:* → 10.0.0.2:6001'];
export const CALLEE = ['udp 10.0.0.2:* → 198.51.100.7:7000', 'udp 10.0.0.2:* → 198.51.100.7:7001'];

/** Two phones that speak UDP from port 5060 to port 5060. */
export class Phones {
  readonly world: World;
  /** What the other one got last. */
  heard = '';

  constructor(options: WorldOptions = {}) {
    this.world = new World({ helper: UDP, ...options });
  }

  get caller(): SipFields {
    return { from: uri(this.world.inside), to: uri(this.world.outside) };
  }

  /** The caller as the callee sees him. */
  get seen(): SipFields {
    return { from: uri(this.world.shown), to: uri(this.world.outside) };
  }

  says(message: string): this {
    const { world } = this;
    return this.hear(
      world.fromInside(udp({ from: world.inside, to: world.outside }, 5060, 5060, bytesOf(message))),
    );
  }

  answers(message: string): this {
    const { world } = this;
    return this.hear(
      world.fromOutside(udp({ from: world.outside, to: world.shown }, 5060, 5060, bytesOf(message))),
    );
  }

  private hear(seen: ReturnType<World['send']>): this {
    this.heard = seen
      .map(({ pkt }) => Buffer.from(pkt.bytes.subarray(pkt.l4 + 8, pkt.l3End)).toString('latin1'))
      .join('');
    return this;
  }

  offer(port = 6000, fields: Partial<SipFields> = {}): string {
    return invite({ ...this.caller, body: sdp(this.world.inside, [`m=audio ${port} RTP/AVP 0`]), ...fields });
  }

  answer(code: string, port = 7000, fields: Partial<SipFields> = {}): string {
    const body = port === 0 ? '' : sdp(this.world.outside, [`m=audio ${port} RTP/AVP 0`]);
    const contact = `<sip:bob@${uri(this.world.outside)}>`;
    return response(code, 'INVITE', { ...this.seen, contact, body, ...fields });
  }

  get expectations(): string[] {
    return [...this.world.expectations].sort();
  }

  get state(): string {
    return [...this.world.flows.calls.all].map(({ state }) => state).join(' ');
  }
}

export const uri = (address: string): string => (address.includes(':') ? `[${address}]` : address);
