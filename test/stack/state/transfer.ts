/** A transfer over a bad link that states are taken of, in this process and in another. */
import { STACK_CLASSES } from '../../../src/stack/state/index.ts';
import type { Connection, ConnectionEvents } from '../../../src/stack/tcp/index.ts';
import { Net } from '../tcp/net.ts';

export const BYTES = 400_000;

/** Writes BYTES and closes. */
export class Sender implements ConnectionEvents {
  private left = BYTES;

  onConnect(connection: Connection): void {
    this.onWritable(connection);
  }

  onWritable(connection: Connection): void {
    const block = Uint8Array.from({ length: 5000 }, (_, i) => (this.left + i) & 0xff);
    while (this.left > 0) {
      const taken = connection.write(block, 0, Math.min(block.length, this.left));
      if (taken <= 0) return;
      this.left -= taken;
    }
    connection.close();
  }
}

export class Receiver implements ConnectionEvents {
  got = 0;
  sum = 0;

  onReadable(connection: Connection): void {
    const bytes = new Uint8Array(65_536);
    for (let length = connection.read(bytes); length > 0; length = connection.read(bytes)) {
      this.got += length;
      for (let i = 0; i < length; i++) this.sum = (Math.imul(this.sum, 31) + bytes[i]!) | 0;
    }
  }

  onEnd(connection: Connection): void {
    connection.close();
  }
}

export const NETEM = 'delay 10ms 3ms loss 3% duplicate 1% reorder 5% 50%';
export const KINDS = { classes: { ...STACK_CLASSES, Sender } };

/** Two hosts of which one listens; what it is sent is summed up in a Receiver that every new pair has. */
export function listening(netem: string): { readonly net: Net; readonly receiver: Receiver } {
  const net = new Net({ netem, seed: 4 });
  const receiver = new Receiver();
  net.b.listen({
    port: 80,
    onConnection: (listener) => {
      for (let one = listener.accept(); one !== undefined; one = listener.accept()) one.listener = receiver;
    },
  });
  return { net, receiver };
}
