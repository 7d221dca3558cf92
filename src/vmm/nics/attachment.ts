/**
 * How a guest is attached, as it is written, and what its VMM has to be told:
 *
 *     web.sock  tcp:127.0.0.1:4000         the VMM connects (QEMU's stream, its older socket over TCP, what speaks to passt)
 *     connect:web.sock  connect:tcp:…      the VMM listens
 *     udp:127.0.0.1:4001-127.0.0.1:4000    one frame a datagram, here and there (QEMU's dgram)
 *     ws:127.0.0.1:8081                    WebSocket (v86)
 *     tap:tap0  tap:eth0@/run/netns/box    a TAP device, here or in another network namespace
 *     live:eth1                            an interface of this machine, with all that is on its wire
 */
import { DatagramNic, type DatagramAddress } from './datagram-nic.ts';
import { LiveNic } from './live-nic.ts';
import type { Nic } from './nic.ts';
import { TapNic, type TapAddress } from './tap-nic.ts';
import { StreamNic, type StreamAddress } from './stream-nic.ts';
import { WebSocketNic } from './websocket-nic.ts';

export type Attachment =
  | { readonly kind: 'stream'; readonly address: StreamAddress; readonly listen: boolean }
  | { readonly kind: 'datagram'; readonly address: DatagramAddress }
  | { readonly kind: 'websocket'; readonly host: string; readonly port: number }
  | { readonly kind: 'tap'; readonly address: TapAddress }
  | { readonly kind: 'live'; readonly device: string }
  /** A card of the program's own. */
  | { readonly kind: 'own'; readonly nic: Nic };

const CONNECT = 'connect:';
const MAX_PORT = 65535;
/** dev_valid_name: up to 15 bytes. */
const DEVICE = /^[^/:\s]{1,15}$/;

/** Throws RangeError. */
export function parseAttachment(text: string): Attachment {
  if (text.startsWith('ws:')) return { kind: 'websocket', ...placeOf(text.slice('ws:'.length), text) };
  if (text.startsWith('tap:')) return { kind: 'tap', address: tapAddressOf(text) };
  if (text.startsWith('live:')) {
    const device = text.slice('live:'.length);
    if (!DEVICE.test(device)) throw new RangeError(`"${text}" is not live:DEVICE`);
    return { kind: 'live', device };
  }
  if (text.startsWith('udp:')) {
    const [local, remote, more] = text.slice('udp:'.length).split('-');
    if (remote === undefined || more !== undefined)
      throw new RangeError(`"${text}" is not udp:HOST:PORT-HOST:PORT`);
    return {
      kind: 'datagram',
      address: { local: placeOf(local!, text), remote: placeOf(remote, text) },
    };
  }
  const listen = !text.startsWith(CONNECT);
  const place = listen ? text : text.slice(CONNECT.length);
  const address = place.startsWith('tcp:') ? placeOf(place.slice('tcp:'.length), text) : { path: place };
  return { kind: 'stream', address, listen };
}

function tapAddressOf(text: string): TapAddress {
  const [, device, namespace] = /^tap:([^@/\s]{1,15})(?:@(.+))?$/.exec(text) ?? [];
  if (device === undefined) throw new RangeError(`"${text}" is not tap:DEVICE or tap:DEVICE@NAMESPACE`);
  return { device, namespace };
}

function placeOf(text: string, whole: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(.+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > MAX_PORT) throw new RangeError(`"${whole}": "${text}" is not HOST:PORT`);
  return { host: (match[1] ?? match[2])!, port };
}

export function makeNic(attachment: Attachment, complain: (message: string) => void): Nic {
  switch (attachment.kind) {
    case 'stream':
      return new StreamNic({ ...attachment, complain });
    case 'datagram':
      return new DatagramNic(attachment.address);
    case 'websocket':
      return new WebSocketNic({ ...attachment, complain });
    case 'tap':
      return new TapNic(attachment.address);
    case 'live':
      return new LiveNic(attachment.device);
    case 'own':
      return attachment.nic;
  }
}

/** What to add to QEMU's command line; for a WebSocket what to give to v86; nothing for what is there by itself. */
export function vmmWords(name: string, attachment: Attachment, mac?: string): string[] {
  const card = ['-device', `virtio-net-pci,netdev=${name}${mac === undefined ? '' : `,mac=${mac}`}`];
  switch (attachment.kind) {
    case 'own':
    case 'live':
    case 'tap':
      return [];
    case 'websocket':
      return [
        `net_device: { type: "virtio", relay_url: "ws://${bracketed(attachment.host)}:${attachment.port}/" }`,
      ];
    case 'datagram': {
      const { local, remote } = attachment.address;
      const end = (side: string, { host, port }: typeof local) =>
        `${side}.type=inet,${side}.host=${host},${side}.port=${port}`;
      return ['-netdev', `dgram,id=${name},${end('local', remote)},${end('remote', local)}`, ...card];
    }
    case 'stream': {
      const { address, listen } = attachment;
      const place =
        'path' in address
          ? `addr.type=unix,addr.path=${address.path.replaceAll(',', ',,')}`
          : `addr.type=inet,addr.host=${address.host},addr.port=${address.port}`;
      return ['-netdev', `stream,id=${name},server=${listen ? 'off' : 'on'},${place}`, ...card];
    }
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
