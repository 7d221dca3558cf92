/**
 * The sysctls of connection tracking, under the names and with the defaults that Linux gives them. Timeouts are in
 * whole seconds, as Linux shows them.
 * Source: Documentation/networking/nf_conntrack-sysctl.rst; defaults as a 6.18 kernel prints them.
 */
import type { SysctlSpec } from '../base/sysctl.ts';

const INT_MAX = 0x7fffffff;

type Short = Pick<SysctlSpec, 'default' | 'about'> & Partial<SysctlSpec>;

const named = (name: string, spec: Short): SysctlSpec => ({
  min: 0,
  max: INT_MAX,
  ...spec,
  name: `net.netfilter.nf_conntrack_${name}`,
});
const flag = (name: string, value: 0 | 1, about: string): SysctlSpec =>
  named(name, { default: value, max: 1, unit: 'flag', about });
const seconds = (name: string, value: number, about: string): SysctlSpec =>
  named(name, { default: value, unit: 'seconds', about });
const tcp = (state: string, value: number, about: string): SysctlSpec =>
  seconds(`tcp_timeout_${state}`, value, `TCP: ${about}`);
const sctp = (state: string, value: number): SysctlSpec =>
  seconds(`sctp_timeout_${state}`, value, `SCTP: timeout in state ${state.toUpperCase()}`);

export const NETFILTER_SYSCTLS: readonly SysctlSpec[] = [
  flag('acct', 0, 'count packets and bytes of each direction of new connections'),
  named('buckets', {
    default: 262144,
    min: 1,
    unit: 'entries',
    about: 'size of the hash table in Linux; the table here sizes itself by nf_conntrack_max',
  }),
  flag('checksum', 1, 'verify checksums in PREROUTING; a packet whose checksum is wrong is INVALID'),
  named('events', { default: 2, max: 2, about: 'connection events: 0 off, 1 on, 2 when somebody listens' }),
  named('expect_max', { default: 4096, min: 1, unit: 'entries', about: 'most expectations at a time' }),
  seconds('generic_timeout', 600, 'protocols without a tracker of their own'),
  seconds('gre_timeout', 30, 'GRE: only one direction seen'),
  seconds('gre_timeout_stream', 180, 'GRE: both directions seen'),
  flag(
    'helper',
    0,
    'attach helpers to connections on their usual ports by themselves (removed from Linux in 6.0)',
  ),
  seconds('icmp_timeout', 30, 'ICMP queries'),
  seconds('icmpv6_timeout', 30, 'ICMPv6 queries'),
  named('log_invalid', {
    default: 0,
    max: 255,
    about: 'log INVALID packets of this protocol number; 255 for all, 0 for none',
  }),
  named('max', {
    default: 262144,
    unit: 'entries',
    about: 'most connections at a time; 0 for no limit',
  }),
  sctp('closed', 10),
  sctp('cookie_wait', 3),
  sctp('cookie_echoed', 3),
  sctp('established', 210),
  sctp('shutdown_sent', 3),
  sctp('shutdown_recd', 3),
  sctp('shutdown_ack_sent', 3),
  sctp('heartbeat_sent', 30),
  flag('tcp_be_liberal', 0, 'TCP: only resets outside of the window are INVALID'),
  flag('tcp_ignore_invalid_rst', 0, 'TCP: do not mark resets before the last acknowledged byte INVALID'),
  flag('tcp_loose', 1, 'TCP: pick up connections in their middle'),
  named('tcp_max_retrans', {
    default: 3,
    max: 255,
    about: 'TCP: retransmissions without an answer after which tcp_timeout_max_retrans holds',
  }),
  tcp('syn_sent', 120, 'after the first SYN'),
  tcp('syn_recv', 60, 'after the SYN/ACK'),
  tcp('established', 432000, 'while the connection stands'),
  tcp('fin_wait', 120, 'after the first FIN'),
  tcp('close_wait', 60, 'after the first FIN was acknowledged'),
  tcp('last_ack', 30, 'after the second FIN'),
  tcp('time_wait', 120, 'after the second FIN was acknowledged'),
  tcp('close', 10, 'after a reset'),
  tcp('max_retrans', 300, 'while retransmissions get no answer, and while a window is closed'),
  tcp('unacknowledged', 300, 'while data are not acknowledged'),
  flag('timestamp', 0, 'note when connections begin'),
  seconds('udp_timeout', 30, 'UDP: one direction seen, or the first two seconds of both'),
  seconds('udp_timeout_stream', 120, 'UDP: both directions seen for more than two seconds'),
];
