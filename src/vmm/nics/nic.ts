/**
 * A guest's network card as its virtual machine monitor hands it over. To connect another VMM, implement Nic:
 *
 *     class MyNic implements Nic {
 *       readonly name = 'my-vmm';
 *       start(guest: NicEvents) {
 *         myVmm.onFrame((bytes) => guest.frame(bytes, 0, bytes.length));   // Ethernet, without frame check sequence
 *         guest.link(true);
 *       }
 *       transmit(bytes: Uint8Array, start: number, end: number) {
 *         return myVmm.send(bytes.slice(start, end));                      // the bytes are lent for the call
 *       }
 *       async close() {}
 *     }
 */

/** What a NIC tells the network. */
export interface NicEvents {
  /** The guest sent a frame. Its bytes are given away for the length of the call, and may be rewritten. */
  frame(bytes: Uint8Array, start: number, end: number): void;
  /** Something is connected now, or no more. */
  link(isUp: boolean): void;
}

export interface Nic {
  /** Where it is, for people: `unix:/run/user/1000/web.sock`. */
  readonly name: string;
  /** Begins to listen (or to connect). Rejects when that is impossible. */
  start(events: NicEvents): void | Promise<void>;
  /** Hands a frame to the guest. False when it does not take it: a guest that does not read loses frames, and nothing waits. */
  transmit(bytes: Uint8Array, start: number, end: number): boolean;
  close(): Promise<void>;
}
