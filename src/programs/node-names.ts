/**
 * What addresses are called where an instance runs: each by the node that has it, as if every node's hosts file listed all
 * nodes. Nobody else is asked, so that a listing is the same on every machine.
 */
import type { Family } from '../netfilter/hook.ts';
import type { LiveNode } from './live-node.ts';
import { Scope, type OwnAddress } from '../stack/addresses.ts';
import { formatIp } from '../wire/address.ts';

const LOOPBACK = 'localhost';

export function nameOfNode(nodes: Iterable<LiveNode>, address: string): string | null {
  for (const node of nodes) {
    const own = addressesOf(node).find((one) => textOf(one) === address);
    if (own !== undefined) return own.scope === Scope.HOST ? LOOPBACK : node.name;
  }
  return null;
}

/** The addresses of the node of that name, as others know it; none where there is no such node. */
export function addressesOfNode(nodes: Iterable<LiveNode>, name: string, family: Family): readonly string[] {
  for (const node of nodes) {
    if (node.name !== name) continue;
    return addressesOf(node)
      .filter((own) => own.family === family && own.scope === Scope.UNIVERSE)
      .map(textOf);
  }
  return [];
}

function addressesOf(node: LiveNode): readonly OwnAddress[] {
  return node.kind === 'host' ? node.gateway.host.addresses.all : [];
}

function textOf({ family, words }: OwnAddress): string {
  const [w0, w1, w2, w3] = words;
  return formatIp(family, w0!, w1!, w2!, w3!);
}
