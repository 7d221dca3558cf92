/** `show alg`: the control connections that helpers watch, as `sluice flows` prints them. */
import type { LiveNode } from '../../programs/index.ts';
import { flowTableText } from '../../replay/report/flows.ts';
import type { CallerIo } from './instance.ts';

const DONE = 0;
const BAD_WORDS = 2;

export function show(node: LiveNode, args: readonly string[], io: CallerIo): number {
  if (args.join(' ') !== 'alg') {
    io.pointAt?.(1);
    io.err.write('show: there is "show alg"\n');
    return BAD_WORDS;
  }
  const flows = node.kind === 'host' ? (node.flows ?? null) : null;
  const now = node.kind === 'host' ? node.gateway.conntrack.connections.now : 0;
  io.out.write(flowTableText(flows === null ? [] : [...flows.all], now));
  return DONE;
}
