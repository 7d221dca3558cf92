/** The switch's own questions about groups (RFC 3376 section 4.1, RFC 3810 section 5.1): to everybody, or to a port that somebody left. */
import { call } from '../../../base/call.ts';
import type { Clock } from '../../../base/clock.ts';
import { igmpQuery, mldQuery } from '../../../wire/multicast-query.ts';
import type { BridgePort } from '../bridge-port.ts';
import type { SnoopingConfig } from './config.ts';
import type { Words } from './sources.ts';

export interface SnoopingHost {
  readonly clock: Clock;
  transmit(port: BridgePort, frame: Uint8Array): void;
}

const NO_GROUP: Words = [0, 0, 0, 0];

export class Asking {
  private readonly config: SnoopingConfig;
  private readonly mac: Uint8Array;
  private readonly ports: readonly BridgePort[];
  private readonly host: SnoopingHost;

  constructor(config: SnoopingConfig, mac: Uint8Array, ports: readonly BridgePort[], host: SnoopingHost) {
    this.config = config;
    this.mac = mac;
    this.ports = ports;
    this.host = host;
  }

  /** Members name sources, and are asked for them: IGMPv3, MLDv2. */
  knowsSources(family: 4 | 6): boolean {
    return family === 4 ? this.config.igmpVersion === 3 : this.config.mldVersion === 2;
  }

  all(family: 4 | 6): void {
    const frame = this.query(family, NO_GROUP, [], this.config.queryResponseInterval);
    for (const port of this.ports) if (!port.isSelf && port.up) this.host.transmit(port, frame);
  }

  /** About one group, or some of its sources: as often as `mcast_last_member_count` says. */
  about(to: BridgePort, words: Words, family: 4 | 6, sources: readonly Words[]): void {
    const { lastMemberInterval, lastMemberCount } = this.config;
    const { clock } = this.host;
    const frame = this.query(family, words, sources, lastMemberInterval);
    this.host.transmit(to, frame);
    // The earlier versions ask once: their members answer for all.
    if (!this.knowsSources(family)) return;
    for (let n = 1; n < lastMemberCount; n++) {
      clock.at(clock.now + n * lastMemberInterval, call(this.host, 'transmit', to, frame));
    }
  }

  private query(family: 4 | 6, group: Words, sources: readonly Words[], responseUs: number): Uint8Array {
    const query = {
      mac: this.mac,
      group,
      sources,
      isLater: this.knowsSources(family),
      suppress: false,
      responseUs,
      intervalUs: this.config.queryInterval,
    };
    return family === 4 ? igmpQuery(query) : mldQuery(query);
  }
}
