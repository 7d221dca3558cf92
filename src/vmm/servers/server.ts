/**
 * Servers of one's own in the world behind a guest network, where there are no sockets or none are wanted:
 *
 *     servers: {
 *       'web.example': { addresses: ['203.0.113.80'], ports: { 80: http((request) => new Response('hello')) } },
 *       'echo.example': { addresses: ['203.0.113.7'], ports: { 7: echo }, datagrams: { 7: echoDatagrams } },
 *     }
 */
import type { ByteStreams } from '../../stack/tcp/web-streams.ts';

/** A connection of a guest, from the server's side. */
export interface Visit extends ByteStreams {
  readonly from: { readonly address: string; readonly port: number };
  readonly to: { readonly address: string; readonly port: number };
}

/** Serves one connection. When what it returns is rejected, the guest sees a reset. */
export type Service = (visit: Visit) => void | Promise<void>;

export interface Server {
  /** Of either family, none of this network's own. */
  readonly addresses: readonly string[];
  /** TCP, by port. */
  readonly ports?: Readonly<Record<number, Service>>;
  /** UDP, by port. */
  readonly datagrams?: Readonly<Record<number, DatagramService>>;
}

/** A datagram of a guest, from the server's side. */
export interface GuestDatagram {
  readonly bytes: Uint8Array;
  readonly from: { readonly address: string; readonly port: number };
  readonly to: { readonly address: string; readonly port: number };
}

/** Deals with one datagram; `answer` sends one back, as often as it is called. What fails answers nothing more. */
export type DatagramService = (
  datagram: GuestDatagram,
  answer: (bytes: Uint8Array) => void,
) => void | Promise<void>;

/** RFC 862. */
export const echo: Service = ({ readable, writable }) => readable.pipeTo(writable);
export const echoDatagrams: DatagramService = ({ bytes }, answer) => answer(bytes);
