/**
 * Sluice as a library: captures replayed through iptables rules, and the parts that this is made of.
 *
 *     import { readTextFile, runReplay } from 'sluice';
 *
 *     const summary = runReplay(
 *       {
 *         rules: readTextFile('examples/nat-gateway/firewall.rules'),
 *         inputs: [{ iface: null, path: 'pcaps/http.pcap' }],
 *       },
 *       { packet: ({ n, verdict, reason, rule }) => console.log(n, verdict, reason, rule) },
 *     );
 *     console.log(summary.tables.v4); // as iptables-save -c prints it
 *
 * `examples/library/` holds this as a program. What cannot be read is thrown as a SluiceError, with its place.
 *
 *   whole jobs   runReplay                              captures in, an outcome for every packet, a summary
 *                createNetwork, Nic                     the network of virtual machines; src/vmm/running-network.ts
 *   one gateway  Gateway, parseHostConfig               frames in (`gateway.host.receive`), frames out (FrameSink)
 *   rules        parseRestore, printSave                iptables-save text to data and back
 *   captures     openCapture, PcapWriter, PcapngWriter  files read and written as streams
 *   packets      PacketBuffer, describeFrame            a frame and what is known of it; tcpdump's words for it
 *
 * Regression cases among a team's own tests are `sluice/mocha`.
 */

// Whole jobs
export { parseConfigFile as parseGatewayFile, type ConfigFile as GatewayFile } from './base/config-file.ts';
export type { InputSpec } from './replay/merged-input.ts';
export type { ReplayListener, ReplayNote, ReplayOptions, SourceText } from './replay/options.ts';
export type {
  ConntrackOutcome,
  Endpoints,
  OutcomeVerdict,
  OutFrame,
  PacketOutcome,
  TimerOutcome,
  TraceStep,
  Translation,
} from './replay/outcome.ts';
export { runReplay } from './replay/replay.ts';
export type { InterfaceCount, ReasonCount, ReplaySummary } from './replay/summary.ts';
export { readTextFile } from './replay/text-file.ts';
export {
  createNetwork,
  V86Nic,
  type AuditEntry,
  type GuestSettings,
  type GuestStatus,
  type NetworkListener,
  type NetworkSettings,
  type NetworkStatus,
  type Nic,
  type NicEvents,
  type RunningNetwork,
} from './vmm/index.ts';

// One gateway
export { VirtualClock, type Clock, type Timer, type TimeUs } from './base/clock.ts';
export { formatPlace, SluiceError, type Place } from './base/errors.ts';
export { SeededRng, type Rng } from './base/rng.ts';
export { Gateway, type GatewayParts } from './stack/gateway.ts';
export { parseHostConfig, type Device, type FrameSink, type HostConfig } from './stack/index.ts';
export type { LogLine, LogSink } from './netfilter/log.ts';
export { dropReasonName, dropReasonText, type DropReasonName } from './netfilter/drop-reason.ts';

// Rules
export type { Chain, Rule, Ruleset, Table } from './netfilter/rule.ts';
export {
  parseRestore,
  printSave,
  RuleError,
  type RestoreOptions,
  type SaveOptions,
} from './netfilter/syntax/index.ts';

// Captures
export {
  CaptureError,
  CaptureReader,
  CaptureRecord,
  FileSink,
  LinkType,
  MemorySink,
  openCapture,
  PcapngWriter,
  PcapWriter,
  type ByteSink,
} from './capture/index.ts';

// Packets
export { dissectEthernet } from './wire/dissect.ts';
export { describeFrame } from './wire/index.ts';
export { PacketBuffer } from './wire/packet-buffer.ts';
