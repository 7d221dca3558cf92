/**
 * A gateway put together: a host, its packet filter, connection tracking and address translation, on one clock, one
 * source of chance and one set of sysctls. This is what replays, labs and guest networks make one of.
 */
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { Sysctls } from '../base/sysctl.ts';
import { Conntrack } from '../netfilter/conntrack/conntrack.ts';
import { Hook } from '../netfilter/hook.ts';
import { DEFAULT_LOG_FLAGS, packetText } from '../netfilter/log-format.ts';
import type { LogSink } from '../netfilter/log.ts';
import { makeNamedObjects, type NamedObjects } from '../netfilter/named-objects.ts';
import { Nat } from '../netfilter/nat/nat.ts';
import { SequenceAdjustment } from '../netfilter/nat/seq-adjust.ts';
import { Netfilter } from '../netfilter/netfilter.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { ServerLeg } from '../netfilter/synproxy/server-leg.ts';
import { PROXIED } from '../netfilter/synproxy/server-syn.ts';
import type { EngineName } from '../netfilter/rules-in-force.ts';
import { NETFILTER_SYSCTLS } from '../netfilter/sysctls.ts';
import type { HostConfig } from './config.ts';
import type { FrameSink } from './device.ts';
import { Host, type HostEnv } from './host.ts';
import { STACK_SYSCTLS } from './sysctls.ts';

export interface GatewayParts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: LogSink;
  readonly sink: FrameSink;
  readonly hasSocket?: HostEnv['hasSocket'];
  readonly deliver?: HostEnv['deliver'];
  readonly passive?: boolean;
  readonly engine?: EngineName;
}

export class Gateway {
  readonly host: Host;
  readonly netfilter: Netfilter;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  /** For helpers that change payloads. */
  readonly sequences: SequenceAdjustment;
  readonly sysctls: Sysctls;
  /** Sets and accounting objects that rules may name. */
  readonly objects: NamedObjects;

  /** Throws SluiceError for a sysctl that is unknown or out of range. Rules are put in force by `load`. */
  constructor(config: HostConfig, parts: GatewayParts) {
    const { clock, rng, log, sink, hasSocket, deliver, passive, engine } = parts;
    this.sysctls = new Sysctls(STACK_SYSCTLS, NETFILTER_SYSCTLS);
    this.host = new Host(config, {
      clock,
      rng,
      sink,
      sysctls: this.sysctls,
      ...(hasSocket === undefined ? {} : { hasSocket }),
      ...(deliver === undefined ? {} : { deliver }),
      ...(passive === undefined ? {} : { passive }),
    });
    const { host } = this;
    this.conntrack = new Conntrack({
      clock,
      rng,
      sysctls: this.sysctls,
      log,
      printer: (pkt, hook) => {
        const [iif, oif] = hook === Hook.OUTPUT ? [0, pkt.oif] : [pkt.iif, 0];
        return packetText(pkt, iif, oif, DEFAULT_LOG_FLAGS, host);
      },
    });
    this.sequences = new SequenceAdjustment(this.conntrack);
    this.conntrack.seqAdjust = this.sequences;
    this.conntrack.proxy = new ServerLeg(
      this.conntrack.connections,
      this.sequences,
      host.handshakes,
      this.conntrack.template(PROXIED),
    );
    this.nat = new Nat(this.conntrack, rng);
    this.nat.onRewrite = (pkt, end) => host.fragments.gather(pkt, end);
    this.objects = makeNamedObjects(clock);
    this.netfilter = new Netfilter({
      clock,
      rng,
      sysctls: this.sysctls,
      host,
      log,
      conntrack: this.conntrack,
      nat: this.nat,
      objects: this.objects,
      ...(engine === undefined ? {} : { engine }),
    });
    host.filter = this.netfilter;
  }

  /** Puts the tables of one family in force; throws SluiceError, and then nothing has changed. */
  load(ruleset: Ruleset): void {
    this.netfilter.load(ruleset);
  }
}
