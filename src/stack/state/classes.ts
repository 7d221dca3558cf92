/**
 * What comes to be while a host lives, and so has to be made when its state is restored. Whatever a host has from its
 * beginning (tables, trackers, rules) need not stand here.
 */
import { QueuedTimer, VirtualClock } from '../../base/clock.ts';
import { SeededRng } from '../../base/rng.ts';
import { Expectation } from '../../netfilter/conntrack/expectations.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import { Way } from '../../netfilter/flow-table.ts';
import { HookState } from '../../netfilter/hook-state.ts';
import { InterfaceRow } from '../../netfilter/interface-patterns.ts';
import { Shift } from '../../netfilter/nat/seq-adjust.ts';
import { RecentTable } from '../../netfilter/matches/recent-table.ts';
import { Walk } from '../../netfilter/walk.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { OwnAddress } from '../addresses.ts';
import { DeviceSettings4, DeviceSettings6 } from '../device-settings.ts';
import { FragmentQueue } from '../fragment-queue.ts';
import { Waiting } from '../link/impaired-queue.ts';
import { Link as MembershipLink } from '../membership.ts';
import { Neighbour } from '../neighbour.ts';
import { Route } from '../routing/route.ts';
import { ByteRing } from '../tcp/byte-ring.ts';
import { Cubic } from '../tcp/congestion/cubic.ts';
import { NewReno } from '../tcp/congestion/new-reno.ts';
import { Connection } from '../tcp/connection.ts';
import { NetError } from '../tcp/errors.ts';
import { Flight } from '../tcp/flight.ts';
import { Handshake } from '../tcp/handshake.ts';
import { Listener } from '../tcp/listener.ts';
import { ReceiveQueue } from '../tcp/receive-queue.ts';
import { RoundTrip } from '../tcp/rtt.ts';
import { Secrets } from '../tcp/secrets.ts';
import { TimeWait } from '../tcp/time-wait.ts';
import { Datagrams } from '../udp/datagrams.ts';
import { UdpSocket } from '../udp/socket.ts';
import type { StateKinds } from './format.ts';

export const STACK_CLASSES: StateKinds['classes'] = {
  // Time and chance
  QueuedTimer,
  SeededRng,
  VirtualClock,
  // Packets and links
  PacketBuffer,
  Waiting,
  // The host
  DeviceSettings4,
  DeviceSettings6,
  FragmentQueue,
  MembershipLink,
  Neighbour,
  OwnAddress,
  Route,
  // The packet filter
  Expectation,
  HookState,
  InterfaceRow,
  RecentTable,
  Shift,
  Tuple,
  Walk,
  Way,
  // TCP and UDP
  ByteRing,
  Connection,
  Cubic,
  Datagrams,
  Flight,
  Handshake,
  Listener,
  NetError,
  NewReno,
  ReceiveQueue,
  RoundTrip,
  Secrets,
  TimeWait,
  UdpSocket,
};
