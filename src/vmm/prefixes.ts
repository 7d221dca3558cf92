/** Addresses with prefix lengths as texts, as configurations have them. */
import { SluiceError } from '../base/errors.ts';
import { networkOf, parseAddress, parsePrefix, type IpPrefix } from '../stack/address.ts';
import { formatIp } from '../wire/address.ts';

function prefixOf(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  // Guests need addresses beside the gateway's own.
  if (prefix === undefined || prefix.length > (prefix.family === 4 ? 30 : 126))
    throw new SluiceError(
      'NETWORK',
      `"${text}" is no address with a prefix length that leaves room for guests`,
    );
  return prefix;
}

/** `192.168.122.0/24` of `192.168.122.1/24`. */
export function networkOfPrefix(text: string): string {
  const { family, words, length } = prefixOf(text);
  const network = networkOf(words, length);
  return `${formatIp(family, network[0]!, network[1]!, network[2]!, network[3]!)}/${length}`;
}

/** `192.168.122.1` of `192.168.122.1/24`. */
export function withoutLength(text: string): string {
  const { family, words } = prefixOf(text);
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

/** Networks that an address may be in. */
export class Prefixes {
  private readonly prefixes: readonly IpPrefix[];

  constructor(texts: readonly string[]) {
    this.prefixes = texts.map((text) => parsePrefix(text)!);
  }

  has(text: string): boolean {
    const address = parseAddress(text);
    return (
      address !== undefined &&
      this.prefixes.some(({ family, words, length }) => {
        if (family !== address.family) return false;
        return networkOf(address.words, length).every((word, i) => word === words[i]);
      })
    );
  }
}
