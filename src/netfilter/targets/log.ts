/** `-j LOG`: one line to the kernel log. Linux: xt_LOG. */
import type { Clock } from '../../base/clock.ts';
import { defineTarget, type Given, type TargetAction, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { packetText } from '../log-format.ts';
import { LogFlag, type LogSink } from '../log.ts';
import { flag, logLevel, text } from '../syntax/values/index.ts';
import { ValueError } from '../syntax/value-error.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const PREFIX_MAX = 29;
const DEFAULT_LEVEL = 4;

const anyPrefix = text(65535, 'prefix');
/** Longer prefixes are cut, not refused, as iptables does. */
const prefix: ValueType<string> = {
  ...anyPrefix,
  parse(words, use) {
    const word = anyPrefix.parse(words, use);
    if (word.includes('\n')) throw new ValueError('Newlines not allowed in --log-prefix');
    return word.slice(0, PREFIX_MAX);
  },
};

interface Written {
  readonly sequence?: Given<true> | undefined;
  readonly tcpOptions?: Given<true> | undefined;
  readonly ipOptions?: Given<true> | undefined;
  readonly uid?: Given<true> | undefined;
  readonly macdecode?: Given<true> | undefined;
}

function flagsOf(info: Written): number {
  return (
    (info.sequence ? LogFlag.TCP_SEQUENCE : 0) |
    (info.tcpOptions ? LogFlag.TCP_OPTIONS : 0) |
    (info.ipOptions ? LogFlag.IP_OPTIONS : 0) |
    (info.uid ? LogFlag.UID : 0) |
    (info.macdecode ? LogFlag.MAC_DECODE : 0)
  );
}

/** As -L calls the levels and flags. */
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;

function listedFlags(info: Written): string {
  const words = [
    info.sequence && 'tcp-sequence',
    info.tcpOptions && 'tcp-options',
    info.ipOptions && 'ip-options',
    info.uid && 'uid',
    info.macdecode && 'macdecode',
  ];
  return words.map((word) => (word === undefined ? '' : ` ${word}`)).join('');
}

class LogAction implements TargetAction {
  private readonly clock: Clock;
  private readonly host: HostServices;
  private readonly log: LogSink;
  private readonly prefix: string;
  private readonly level: number;
  private readonly flags: number;

  constructor(clock: Clock, host: HostServices, log: LogSink, prefix: string, level: number, flags: number) {
    this.clock = clock;
    this.host = host;
    this.log = log;
    this.prefix = prefix;
    this.level = level;
    this.flags = flags;
  }

  run(pkt: PacketBuffer, at: HookState): number {
    if (this.log.wanted) {
      const { host } = this;
      const packet = packetText(pkt, at.iif, at.oif, this.flags, host);
      const text = this.prefix + packet;
      this.log.line({ time: this.clock.now, level: this.level, text, cause: pkt.cause }, pkt, at);
    }
    return Verdict.CONTINUE;
  }
}

export const log = defineTarget({
  name: 'LOG',
  about: 'writes a line about the packet to the kernel log',
  options: {
    prefix: {
      value: prefix,
      name: 'log-prefix',
      about: `what the line begins with, at most ${PREFIX_MAX} bytes`,
    },
    level: {
      value: logLevel,
      name: 'log-level',
      omit: (level: number) => level === DEFAULT_LEVEL,
      about: 'syslog priority, warning unless given',
    },
    sequence: { value: flag, name: 'log-tcp-sequence', about: 'with TCP sequence numbers' },
    tcpOptions: { value: flag, name: 'log-tcp-options', about: 'with TCP options' },
    ipOptions: { value: flag, name: 'log-ip-options', about: 'with IP options' },
    uid: { value: flag, name: 'log-uid', about: "with the local sender's user" },
    macdecode: { value: flag, name: 'log-macdecode', about: 'with MAC addresses and protocol by name' },
  },
  list(info, _family, numeric) {
    const level = info.level?.value ?? DEFAULT_LEVEL;
    const words = numeric
      ? ` flags ${flagsOf(info)} level ${level}`
      : ` level ${LEVELS[level]!}${listedFlags(info)}`;
    return `LOG${words}${info.prefix === undefined ? '' : ` prefix "${info.prefix.value}"`}`;
  },
  create: (info, { clock, host, log: sink }) =>
    new LogAction(
      clock,
      host,
      sink,
      info.prefix?.value ?? '',
      info.level?.value ?? DEFAULT_LEVEL,
      flagsOf(info),
    ),
});
