/** The other end of a TUN or TAP device as a pair of web streams, of packets or frames. */
import type { TunLink } from './tun.ts';

export interface TunStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Packets that wait for a reader; more are dropped, as by a full queue (txqueuelen). */
const QUEUE_LENGTH = 500;

export function tunStreams(tun: TunLink): TunStreams {
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        tun.onPacket = (bytes) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(bytes);
        };
      },
      cancel() {
        tun.onPacket = null;
      },
    },
    new CountQueuingStrategy({ highWaterMark: QUEUE_LENGTH }),
  );
  const writable = new WritableStream<Uint8Array>({
    write(bytes) {
      tun.write(bytes);
    },
  });
  return { readable, writable };
}
