/**
 * What `ip` and its like change on a host that lives: links, addresses, routes, rules, neighbours (rtnetlink(7)). Refusals
 * are NetlinkErrors with the kernel's texts. Words and printing are the shell's.
 */
import type { Host } from '../host.ts';
import { AddressControl } from './addresses.ts';
import { LinkControl } from './links.ts';
import { NeighbourControl } from './neighbours.ts';
import { RouteControl } from './routes.ts';

export { NetlinkError } from './errors.ts';
export type { NeighbourMode } from './neighbours.ts';
export type { RouteMode } from './routes.ts';

export class Rtnetlink {
  readonly addresses: AddressControl;
  readonly links: LinkControl;
  readonly routes: RouteControl;
  readonly neighbours: NeighbourControl;

  constructor(host: Host) {
    this.addresses = new AddressControl(host);
    this.links = new LinkControl(host, this.addresses);
    this.routes = new RouteControl(host);
    this.neighbours = new NeighbourControl(host);
  }
}
