/**
 * TCP's sysctls: names, defaults and ranges of Linux 6.x (Documentation/networking/ip-sysctl.rst). A value that is
 * three numbers there is three names here, `net.ipv4.tcp_rmem[0]` to `[2]`. And TcpSettings: the same values as plain
 * fields, computed anew when any of them changed.
 */
import type { SysctlSpec, Sysctls } from '../../base/sysctl.ts';

const UINT_MAX = 4294967295;
const INT_MAX = 2147483647;

type Unit = SysctlSpec['unit'];

function number(name: string, value: number, unit: Unit, about: string, min = 0, max = INT_MAX): SysctlSpec {
  return { name: `net.ipv4.${name}`, default: value, min, max, unit, about };
}

function flag(name: string, value: 0 | 1, about: string): SysctlSpec {
  return number(name, value, 'flag', about, 0, 1);
}

const OPTIONS: readonly SysctlSpec[] = [
  flag('tcp_timestamps', 1, 'offer and take timestamps (RFC 7323)'),
  flag('tcp_window_scaling', 1, 'offer and take window scaling (RFC 7323)'),
  flag('tcp_sack', 1, 'offer and take selective acknowledgements (RFC 2018)'),
  flag('tcp_dsack', 1, 'report duplicates by selective acknowledgement (RFC 2883)'),
  number(
    'tcp_ecn',
    2,
    undefined,
    'explicit congestion notification: 0 never, 1 ask for it, 2 when asked',
    0,
    2,
  ),
  flag('tcp_ecn_fallback', 1, 'ask again without ECN when the first SYN was lost'),
];

const TIMES: readonly SysctlSpec[] = [
  number('tcp_syn_retries', 6, 'entries', 'repetitions of a SYN before giving up', 1, 127),
  number(
    'tcp_syn_linear_timeouts',
    4,
    'entries',
    'repetitions of a SYN a second apart before the time doubles',
    0,
    127,
  ),
  number('tcp_synack_retries', 5, 'entries', 'repetitions of a SYN,ACK before giving up', 0, 255),
  number('tcp_retries1', 3, 'entries', 'timeouts after which the path is doubted', 0, 255),
  number(
    'tcp_retries2',
    15,
    'entries',
    'timeouts after which the connection is given up (as a time: 924.6 s)',
  ),
  number(
    'tcp_orphan_retries',
    0,
    'entries',
    'the same for what the application has closed; 0 means 8',
    0,
    255,
  ),
  number('tcp_fin_timeout', 60, 'seconds', 'time that a closed connection waits for the other FIN'),
  number('tcp_keepalive_time', 7200, 'seconds', 'silence before the first keepalive probe', 1, 32767),
  number('tcp_keepalive_intvl', 75, 'seconds', 'time between keepalive probes', 1, 32767),
  number('tcp_keepalive_probes', 9, 'entries', 'probes without an answer that end a connection', 1, 127),
  flag('tcp_slow_start_after_idle', 1, 'after a timeout without sending, start slowly again (RFC 5681 4.1)'),
];

const LOSS: readonly SysctlSpec[] = [
  number(
    'tcp_recovery',
    1,
    undefined,
    'bit 0: find losses by time (RACK, RFC 8985); else by three duplicates',
    0,
    7,
  ),
  number(
    'tcp_early_retrans',
    3,
    undefined,
    '3: probe for the loss of the last segments (TLP); 0: do not',
    0,
    4,
  ),
  number('tcp_frto', 2, undefined, 'find timeouts that were none (RFC 5682)'),
  number('tcp_reordering', 3, 'entries', 'duplicates that mean a loss, at first'),
  number('tcp_max_reordering', 300, 'entries', 'and at most'),
  number(
    'tcp_mtu_probing',
    0,
    undefined,
    'find the path MTU where ICMP is dropped (RFC 4821): 0 no, 1 when stuck, 2 always',
    0,
    2,
  ),
  number('tcp_base_mss', 1024, 'bytes', 'segment size that such a search begins with'),
  number('tcp_mtu_probe_floor', 48, 'bytes', 'and the smallest it comes to', 48),
  number('tcp_min_snd_mss', 48, 'bytes', 'the smallest segment size that a peer can demand', 48, 65535),
];

const LISTENING: readonly SysctlSpec[] = [
  number('tcp_syncookies', 1, undefined, 'answer SYNs by cookie when the queue is full; 2: always', 0, 2),
  number(
    'tcp_max_syn_backlog',
    4096,
    'entries',
    'handshakes of one listener that may be under way without cookies',
  ),
  flag('tcp_abort_on_overflow', 0, 'reset connections for which the accept queue has no place'),
  {
    name: 'net.core.somaxconn',
    default: 4096,
    min: 0,
    max: 65535,
    unit: 'entries',
    about: 'the longest accept queue',
  },
];

const LIMITS: readonly SysctlSpec[] = [
  number('tcp_max_tw_buckets', 262144, 'entries', 'connections in TIME_WAIT; beyond, they just end'),
  number(
    'tcp_tw_reuse',
    2,
    undefined,
    'connect from a port in TIME_WAIT when timestamps allow it: 1, 2 on loopback only',
    0,
    2,
  ),
  number(
    'tcp_tw_reuse_delay',
    1000,
    'milliseconds',
    'for so long a port in TIME_WAIT is not drawn again',
    0,
    60_000,
  ),
  flag('tcp_rfc1337', 0, 'resets do not end TIME_WAIT'),
  number('tcp_challenge_ack_limit', INT_MAX, 'messages per second', 'challenge ACKs (RFC 5961) of the host'),
  number(
    'tcp_invalid_ratelimit',
    500,
    'milliseconds',
    'least time between answers to segments out of window',
  ),
  number(
    'tcp_max_orphans',
    262144,
    'entries',
    'connections that no application holds; beyond, they are reset',
  ),
  number('tcp_rmem[0]', 4096, 'bytes', 'receive buffer under memory pressure', 4096),
  number('tcp_rmem[1]', 131072, 'bytes', 'receive buffer at first; half of it is offered as window', 4096),
  number('tcp_rmem[2]', 33554432, 'bytes', 'receive buffer at most', 4096),
  number('tcp_wmem[0]', 4096, 'bytes', 'send buffer under memory pressure', 4096),
  number('tcp_wmem[1]', 16384, 'bytes', 'send buffer at first', 4096),
  number('tcp_wmem[2]', 4194304, 'bytes', 'send buffer at most', 4096),
  number('tcp_mem[2]', 524288, 'entries', 'pages of 4096 bytes that all buffers together may take', 1),
  flag('tcp_moderate_rcvbuf', 1, 'let receive buffers grow with the speed of the connection'),
  number(
    'tcp_notsent_lowat',
    UINT_MAX,
    'bytes',
    'data not yet sent below which a connection takes more',
    0,
    UINT_MAX,
  ),
  number('ip_local_port_range[0]', 32768, undefined, 'first port for connections that name none', 1, 65535),
  number('ip_local_port_range[1]', 60999, undefined, 'last port for connections that name none', 1, 65535),
];

export const TCP_SYSCTLS: readonly SysctlSpec[] = [...OPTIONS, ...TIMES, ...LOSS, ...LISTENING, ...LIMITS];

const US_PER_SECOND = 1_000_000;
const US_PER_MS = 1000;
const PAGE_BYTES = 4096;
const DEFAULT_ORPHAN_RETRIES = 8;

export class TcpSettings {
  private readonly sysctls: Sysctls;
  private generation = -1;
  timestamps = true;
  windowScaling = true;
  sack = true;
  dsack = true;
  ecn = 2;
  ecnFallback = true;
  synRetries = 6;
  synLinearTimeouts = 4;
  synackRetries = 5;
  retries1 = 3;
  retries2 = 15;
  orphanRetries = 8;
  finTimeoutUs = 0;
  keepaliveTimeUs = 0;
  keepaliveIntervalUs = 0;
  keepaliveProbes = 9;
  slowStartAfterIdle = true;
  rack = true;
  tailLossProbe = true;
  frto = true;
  reordering = 3;
  maxReordering = 300;
  mtuProbing = 0;
  baseMss = 1024;
  mtuProbeFloor = 48;
  minSndMss = 48;
  synCookies = 1;
  maxSynBacklog = 4096;
  abortOnOverflow = false;
  somaxconn = 4096;
  maxTimeWait = 0;
  timeWaitReuse = 2;
  timeWaitReuseDelayMs = 1000;
  rfc1337 = false;
  challengeLimit = INT_MAX;
  invalidRateLimitUs = 0;
  maxOrphans = 0;
  rmem = [0, 0, 0] as [number, number, number];
  wmem = [0, 0, 0] as [number, number, number];
  memoryLimit = 0;
  moderateReceive = true;
  notSentLowWater = INT_MAX;
  firstPort = 0;
  lastPort = 0;

  constructor(sysctls: Sysctls) {
    this.sysctls = sysctls;
    this.refresh();
  }

  /** Reads them again when one has changed. */
  refresh(): void {
    if (this.generation === this.sysctls.generation) return;
    this.generation = this.sysctls.generation;
    const get = (name: string) => this.sysctls.get(`net.ipv4.${name}`);
    const on = (name: string) => get(name) !== 0;
    const three = (name: string): [number, number, number] => [
      get(`${name}[0]`),
      get(`${name}[1]`),
      get(`${name}[2]`),
    ];
    this.timestamps = on('tcp_timestamps');
    this.windowScaling = on('tcp_window_scaling');
    this.sack = on('tcp_sack');
    this.dsack = on('tcp_dsack');
    this.ecn = get('tcp_ecn');
    this.ecnFallback = on('tcp_ecn_fallback');
    this.synRetries = get('tcp_syn_retries');
    this.synLinearTimeouts = get('tcp_syn_linear_timeouts');
    this.synackRetries = get('tcp_synack_retries');
    this.retries1 = get('tcp_retries1');
    this.retries2 = get('tcp_retries2');
    this.orphanRetries = get('tcp_orphan_retries') || DEFAULT_ORPHAN_RETRIES;
    this.finTimeoutUs = get('tcp_fin_timeout') * US_PER_SECOND;
    this.keepaliveTimeUs = get('tcp_keepalive_time') * US_PER_SECOND;
    this.keepaliveIntervalUs = get('tcp_keepalive_intvl') * US_PER_SECOND;
    this.keepaliveProbes = get('tcp_keepalive_probes');
    this.slowStartAfterIdle = on('tcp_slow_start_after_idle');
    this.rack = (get('tcp_recovery') & 1) !== 0;
    this.tailLossProbe = get('tcp_early_retrans') >= 3;
    this.frto = on('tcp_frto');
    this.reordering = get('tcp_reordering');
    this.maxReordering = get('tcp_max_reordering');
    this.mtuProbing = get('tcp_mtu_probing');
    this.baseMss = get('tcp_base_mss');
    this.mtuProbeFloor = get('tcp_mtu_probe_floor');
    this.minSndMss = get('tcp_min_snd_mss');
    this.synCookies = get('tcp_syncookies');
    this.maxSynBacklog = get('tcp_max_syn_backlog');
    this.abortOnOverflow = on('tcp_abort_on_overflow');
    this.somaxconn = this.sysctls.get('net.core.somaxconn');
    this.maxTimeWait = get('tcp_max_tw_buckets');
    this.timeWaitReuse = get('tcp_tw_reuse');
    this.timeWaitReuseDelayMs = get('tcp_tw_reuse_delay');
    this.rfc1337 = on('tcp_rfc1337');
    this.challengeLimit = get('tcp_challenge_ack_limit');
    this.invalidRateLimitUs = get('tcp_invalid_ratelimit') * US_PER_MS;
    this.maxOrphans = get('tcp_max_orphans');
    this.rmem = three('tcp_rmem');
    this.wmem = three('tcp_wmem');
    this.memoryLimit = get('tcp_mem[2]') * PAGE_BYTES;
    this.moderateReceive = on('tcp_moderate_rcvbuf');
    this.notSentLowWater = get('tcp_notsent_lowat');
    this.firstPort = get('ip_local_port_range[0]');
    this.lastPort = get('ip_local_port_range[1]');
  }
}
