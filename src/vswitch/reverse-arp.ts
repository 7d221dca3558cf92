/**
 * The frame by which a hypervisor makes the address of a guest that has moved known to the physical network (vSphere's
 * "notify switches", QEMU's announce_self): a RARP request (RFC 903) about the guest's own address, from it to everybody.
 */
import * as arp from '../wire/arp.ts';
import { writeU16 } from '../wire/bytes.ts';
import { ETH_P_8021Q, ETH_P_RARP } from '../wire/ether-type.ts';
import * as ethernet from '../wire/ethernet.ts';
import * as vlan from '../wire/vlan.ts';

export function reverseArp(mac: Uint8Array, vid = 0): Uint8Array {
  const tag = vid === 0 ? 0 : vlan.TAG_LENGTH;
  const frame = new Uint8Array(ethernet.MIN_FRAME_LENGTH + tag);
  frame.fill(0xff, 0, ethernet.ADDRESS_LENGTH);
  ethernet.setSrc(frame, 0, mac, 0);
  if (tag > 0) {
    writeU16(frame, 12, ETH_P_8021Q);
    vlan.setTci(frame, 14, vid);
  }
  writeU16(frame, 12 + tag, ETH_P_RARP);
  arp.write(frame, ethernet.HEADER_LENGTH + tag, arp.REVERSE_REQUEST, mac, 0, 0, mac, 0, 0);
  return frame;
}
