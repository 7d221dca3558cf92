/** A connection that came to this machine goes on to a guest: joined once the guest takes it, reset when it does not. */
import type { Socket } from 'node:net';
import { NetError, type ConnectOptions, type Connection, type Tcp } from '../../stack/tcp/index.ts';
import { adopt, Intake } from '../read-into.ts';
import { join } from './joint.ts';
import type { Outside } from './outside.ts';

/** `accepted` was accepted paused. Returns the socket that stands for it from now on. */
export function leadToGuest(tcp: Tcp, outside: Outside, accepted: Socket, options: ConnectOptions): Socket {
  const intake = new Intake();
  const socket = adopt(accepted, intake, true);
  socket.on('error', () => {});
  const refuse = () => void socket.resetAndDestroy();
  const onConnect = (c: Connection) => {
    if (socket.destroyed) c.abort();
    else join(c, { socket, intake }, outside);
  };
  try {
    tcp.connect(options, { onConnect, onClose: refuse });
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    refuse();
  }
  return socket;
}
