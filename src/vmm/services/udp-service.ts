/** How servers that know no sockets get theirs on the gateway's stack. */
import { NetError } from '../../stack/tcp/index.ts';
import type { UdpSocket } from '../../stack/udp/index.ts';

export function serve(
  socket: UdpSocket,
  take: (bytes: Uint8Array, from: Int32Array, port: number) => void,
): void {
  socket.listener = {
    onMessage: () => {
      for (let one = socket.receive(); one !== undefined; one = socket.receive()) {
        take(one.bytes, one.address, one.port);
      }
    },
  };
}

/** A guest that cannot be reached (any more) gets no answer. */
export function send(socket: UdpSocket, bytes: Uint8Array, to?: Int32Array, port?: number): void {
  try {
    socket.send(bytes, to, port);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
  }
}
