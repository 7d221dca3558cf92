/** Booting from the network (PXE): which file DHCP names to whom, and the TFTP server that has it, on the gateway's stack. */
import type { Device } from '../../stack/device.ts';
import type { Udp } from '../../stack/udp/index.ts';
import { TftpServer, type TftpFiles, type TransferSocket } from '../../services/tftp-server.ts';
import { formatIp } from '../../wire/address.ts';
import * as tftp from '../../wire/tftp.ts';
import { send, serve } from './udp-service.ts';

export interface BootOptions {
  readonly files: TftpFiles;
  /** What machines boot that have a BIOS, or don't say what they are; '' for nothing. */
  readonly file: string;
  /** What machines boot that have UEFI. */
  readonly efi: string;
}

/** RFC 4578 2.1 and the registry that goes on from there: Intel's and ARM's 64 and 32 bits with UEFI, by TFTP or HTTP. */
const EFI_ARCHITECTURES = [6, 7, 9, 10, 11, 15, 16, 18, 19];

export function bootFileFor({ file, efi }: BootOptions, architecture: number | undefined): string {
  return architecture !== undefined && EFI_ARCHITECTURES.includes(architecture) ? efi : file;
}

/** Returns what ends it. */
export function serveBoot(udp: Udp, device: Device, { files }: BootOptions): () => void {
  const server = new TftpServer(udp.host.clock, files);
  for (const family of [4, 6] as const) {
    const socket = udp.open({ family, port: tftp.SERVER_PORT, device: device.index });
    serve(socket, (bytes, from, port) => {
      const client = formatIp(family, from[0]!, from[1]!, from[2]!, from[3]!);
      server.request(bytes, client, () => transferSocket(udp, device, family, from, port));
    });
  }
  return () => server.close();
}

/** RFC 1350 4: each transfer has a port of its own, and hears its client alone. */
function transferSocket(
  udp: Udp,
  device: Device,
  family: 4 | 6,
  from: Int32Array,
  port: number,
): TransferSocket {
  const socket = udp.open({ family, device: device.index });
  socket.connect(from.slice(), port);
  const transfer: TransferSocket = {
    send: (message) => send(socket, message),
    onMessage: () => {},
    close: () => socket.close(),
  };
  serve(socket, (bytes) => transfer.onMessage(bytes));
  return transfer;
}
