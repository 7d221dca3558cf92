// Any other virtual machine monitor: whatever hands over Ethernet frames becomes a guest by a Nic of a dozen lines. Here the
// "guest" is a program that knows ARP and nothing else: `node examples/library/own-vmm.js`.
import { EventEmitter } from 'node:events';
import { createNetwork } from 'sluice';

/** Stands for your VMM: it says "frame" with the guest's frames, and takes frames for the guest. */
class MyVmm extends EventEmitter {
  toGuest(frame) {
    const isArpReply = frame.readUInt16BE(12) === 0x0806 && frame.readUInt16BE(20) === 2;
    const mac = frame.toString('hex', 22, 28).match(/../g).join(':');
    if (isArpReply) this.emit('answer', mac, frame.subarray(28, 32).join('.'));
  }

  whoHas(address) {
    const mac = [2, 0, 0, 0, 0, 0x55];
    const request = [...mac, 192, 168, 122, 55, 0, 0, 0, 0, 0, 0, ...address];
    const header = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...mac, 8, 6];
    this.emit('frame', Uint8Array.of(...header, 0, 1, 8, 0, 6, 4, 0, 1, ...request));
  }
}

/** The whole interface: frames without their check sequence, whether somebody is there, and the end. */
class MyNic {
  name = 'my-vmm';

  constructor(vmm) {
    this.vmm = vmm;
  }

  start(guest) {
    this.vmm.on('frame', (bytes) => guest.frame(bytes, 0, bytes.length)); // given away until it returns
    guest.link(true);
  }

  transmit(bytes, start, end) {
    this.vmm.toGuest(Buffer.from(bytes.slice(start, end))); // lent until it returns: copied
    return true; // false for a frame that was not taken
  }

  async close() {
    this.vmm.removeAllListeners('frame');
  }
}

const vmm = new MyVmm();
const network = await createNetwork({ guests: { mine: { nic: new MyNic(vmm) } } });
vmm.on('answer', (mac, address) => console.log(`${address} is at ${mac}`));
vmm.whoHas([192, 168, 122, 1]);
await network.close();
