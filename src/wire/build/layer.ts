/**
 * What a layer of a built frame is, and how layers become bytes. First every layer writes its header, from the outside
 * in; then checksums are filled in from the inside out, since an ICMP error covers the checksums of the packet it carries.
 */
import { MIN_FRAME_LENGTH } from '../ethernet.ts';
import { IPPROTO_NONE } from '../ip-protocol.ts';

/** Sum of the pseudo header of the IP layer around, for a transport layer of that many bytes. */
export type Pseudo = (protocol: number, length: number) => number;

export interface Layer {
  /** What an Ethernet, VLAN or GRE layer in front calls this one; -1 for what cannot stand there. */
  readonly etherType: number;
  /** What an IP layer in front calls this one; -1 for what cannot stand there. */
  readonly protocol: number;
  readonly length: number;
  /** Writes the header at `at`; everything up to `end` belongs to it and to the layers behind. */
  write(bytes: Uint8Array, at: number, end: number, next: Layer | undefined): void;
  /** Fills in the checksum, when all behind is complete. */
  finish?(bytes: Uint8Array, at: number, end: number, pseudo: Pseudo): void;
  /** IP layers: the pseudo header of what they carry. */
  pseudo?(bytes: Uint8Array, at: number): Pseudo;
}

/** The frame (or packet, when the first layer is IP) of these layers; bytes stand for payload of any kind. */
export function frame(...parts: readonly (Layer | Uint8Array | string)[]): Uint8Array {
  const layers = parts.map((part) =>
    typeof part === 'string' ? data(text(part)) : part instanceof Uint8Array ? data(part) : part,
  );
  const bytes = new Uint8Array(layers.reduce((length, layer) => length + layer.length, 0));
  const offsets: number[] = [];
  let at = 0;
  layers.forEach((layer, index) => {
    offsets.push(at);
    layer.write(bytes, at, bytes.length, layers[index + 1]);
    at += layer.length;
  });
  for (let index = layers.length - 1; index >= 0; index--) {
    layers[index]!.finish?.(
      bytes,
      offsets[index]!,
      bytes.length,
      pseudoAround(layers, offsets, index, bytes),
    );
  }
  return bytes;
}

/** The frame with zeros behind, up to Ethernet's smallest length. */
export function padded(bytes: Uint8Array, length: number = MIN_FRAME_LENGTH): Uint8Array {
  if (bytes.length >= length) return bytes;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

function pseudoAround(
  layers: readonly Layer[],
  offsets: readonly number[],
  index: number,
  bytes: Uint8Array,
): Pseudo {
  for (let i = index - 1; i >= 0; i--) {
    const pseudo = layers[i]!.pseudo?.(bytes, offsets[i]!);
    if (pseudo !== undefined) return pseudo;
  }
  return () => 0;
}

/** Bytes as they are: payload, or a header that nobody has a builder for. */
export function data(bytes: Uint8Array, etherType = -1, protocol = -1): Layer {
  return { etherType, protocol, length: bytes.length, write: (to, at) => to.set(bytes, at) };
}

function text(value: string): Uint8Array {
  return Uint8Array.from(value, (char) => char.charCodeAt(0));
}

/** The EtherType of the layer behind; `otherwise` when it has none or there is none. */
export function knownType(next: Layer | undefined, otherwise: number): number {
  return next === undefined || next.etherType < 0 ? otherwise : next.etherType;
}

/** The protocol number of the layer behind; "no next header" when it has none or there is none. */
export function nextProtocol(next: Layer | undefined): number {
  return next === undefined || next.protocol < 0 ? IPPROTO_NONE : next.protocol;
}
