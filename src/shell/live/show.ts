/** `show alg [--json]`: the control connections that helpers watch, as `sluice flows` prints them. */
import type { LiveNode } from '../../programs/index.ts';
import { flowLines, flowTableText } from '../../replay/report/flows.ts';
import type { CallerIo } from './instance.ts';

const DONE = 0;
const BAD_WORDS = 2;

export function show(node: LiveNode, args: readonly string[], io: CallerIo): number {
  const [what, ...options] = args;
  const isJson = options.length === 1 && options[0] === '--json';
  if (what !== 'alg' || (options.length > 0 && !isJson)) {
    io.pointAt?.(what === 'alg' ? 2 : 1);
    io.err.write('show: there is "show alg" and "show alg --json"\n');
    return BAD_WORDS;
  }
  const flows = node.kind === 'host' ? [...(node.flows?.all ?? [])] : [];
  const now = node.kind === 'host' ? node.gateway.conntrack.connections.now : 0;
  io.out.write(isJson ? flowLines(flows) : flowTableText(flows, now));
  return DONE;
}
