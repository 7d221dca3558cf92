/**
 * A port forward, as it is written and printed:
 *
 *     8080=web:80                  127.0.0.1:8080, TCP, to port 80 of the guest "web"
 *     0.0.0.0:8080=192.168.122.11:80
 *     udp/[::1]:5353=[fd00::5]:53
 *     tcp/22022=web:22,keep-source guests see who connects, not this machine
 */

export interface Forward {
  readonly protocol: 'tcp' | 'udp';
  /** Of this machine, where is listened; port 0 for any that is free. */
  readonly address: string;
  readonly port: number;
  /** A guest's address, or its name. */
  readonly guest: string;
  readonly guestPort: number;
  /** The guest sees the client's own address, where both are of one family. */
  readonly keepSource: boolean;
}

/** Ports of this machine that lead to guests. */
export interface PortForwards {
  list(): readonly Forward[];
  /** Resolves to the forward with the port that was taken; rejects with SluiceError. */
  add(wanted: Forward): Promise<Forward>;
  /** False when there is none such. */
  remove(text: string): Promise<boolean>;
}

const DEFAULT_ADDRESS = '127.0.0.1';
const SYNTAX =
  /^(?:(tcp|udp)\/)?(?:(?:\[([^\]]+)\]|([^:[\]=]+)):)?(\d{1,5})=(?:\[([^\]]+)\]|([^:[\]=]+)):(\d{1,5})(,keep-source)?$/;

/** Throws RangeError. */
export function parseForward(text: string): Forward {
  const match = SYNTAX.exec(text);
  const [, protocol, address6, address4, port, guest6, guest4, guestPort, keep] = match ?? [];
  const isPort = (one: string | undefined, least: number) => Number(one) >= least && Number(one) <= 65535;
  if (match === null || !isPort(port, 0) || !isPort(guestPort, 1)) {
    throw new RangeError(`"${text}" is not [tcp/|udp/][ADDRESS:]PORT=GUEST:PORT[,keep-source]`);
  }
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    address: address6 ?? address4 ?? DEFAULT_ADDRESS,
    port: Number(port),
    guest: guest6 ?? guest4!,
    guestPort: Number(guestPort),
    keepSource: keep !== undefined,
  };
}

export function formatForward({ protocol, address, port, guest, guestPort, keepSource }: Forward): string {
  const place = `${protocol}/${bracketed(address)}:${port}`;
  return `${place}=${bracketed(guest)}:${guestPort}${keepSource ? ',keep-source' : ''}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
