/** `NODE:PORT` in a lab file, and names of nodes. */
import { didYouMean } from '../base/did-you-mean.ts';
import { fail, textAt } from '../base/plain-object.ts';
import type { Endpoint } from './topology.ts';

export function parseEndpoint(
  value: unknown,
  path: string,
  nodes: readonly { readonly name: string }[],
): Endpoint {
  const text = textAt(value, path);
  const colon = text.indexOf(':');
  if (colon <= 0 || colon === text.length - 1) fail(path, `not an endpoint: "${text}"; NODE:PORT is meant`);
  const node = text.slice(0, colon);
  nodeAt(node, path, nodes);
  return { node, port: text.slice(colon + 1) };
}

export function nodeAt(name: string, path: string, nodes: readonly { readonly name: string }[]): string {
  const known = nodes.map((node) => node.name);
  if (known.includes(name)) return name;
  return fail(path, `no node "${name}"${didYouMean(name, known)}; there are ${known.join(', ')}`);
}
