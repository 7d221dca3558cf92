/** `ip maddress`: the multicast groups that a host is in, on each device. */
import { formatIp, formatMac } from '../../wire/address.ts';
import type { Device } from '../../stack/device.ts';
import type { Words } from '../../stack/routing/words.ts';
import { takeVerb, unknownCommand, type IpCommand } from './options.ts';

export function ipMaddress(command: IpCommand, words: Words): void {
  const word = words.peek;
  const verb = words.isEmpty ? 'show' : takeVerb(words, ['show', 'lst', 'list']);
  if (verb === undefined) return unknownCommand(word, 'maddr');
  if (words.peek === 'dev') words.next();
  const only = words.isEmpty ? undefined : command.device(words.next());
  for (const device of command.host.devices.all()) {
    if (only === undefined || device === only) command.print(groupLines(command, device));
  }
}

function groupLines(command: IpCommand, device: Device): string[] {
  const groups = command.host.groups.of(device);
  const macs = new Set(
    groups.filter(() => !device.isLoopback).map(({ family, words }) => macOf(family, words)),
  );
  const text = (words: Int32Array, family: number) =>
    formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
  return [
    `${device.index}:\t${device.name}`,
    ...(command.options.family === 0 ? [...macs].map((mac) => `\tlink  ${mac}`) : []),
    ...groups
      .filter(({ family }) => command.wants(family))
      .map(
        ({ family, words, users }) =>
          `\t${family === 4 ? 'inet ' : 'inet6'} ${text(words, family)}${users > 1 ? ` users ${users}` : ''}`,
      ),
  ];
}

/** RFC 1112 6.4, RFC 2464 7. */
function macOf(family: number, [w0, , , w3]: Int32Array): string {
  const mac =
    family === 4
      ? [0x01, 0x00, 0x5e, (w0! >>> 16) & 0x7f, w0! >>> 8, w0!]
      : [0x33, 0x33, w3! >>> 24, w3! >>> 16, w3! >>> 8, w3!];
  return formatMac(Uint8Array.from(mac), 0);
}
