/**
 * A guest network as programs have it: settings in, a network that runs, told what to do in the words of the command line.
 *
 *     import { createNetwork } from 'sluice';
 *
 *     const network = await createNetwork({
 *       guests: { web: 'web.sock' },
 *       forwards: ['8080=web:80'],
 *       rules: '*filter\n-A FORWARD -i lan -p tcp --dport 25 -j REJECT\nCOMMIT\n',
 *     });
 *     console.log(network.vmmWords('web').join(' ')); // for QEMU's command line
 *     …
 *     await network.close();
 *
 * The settings are those of a network's file (docs/guest-networks.md). `engine` is the network itself: gateway, switch, clock.
 */
import { SluiceError } from '../base/errors.ts';
import { SeededRng } from '../base/rng.ts';
import type { Family } from '../netfilter/hook.ts';
import { makeObjects } from '../netfilter/object-settings.ts';
import { parseRestore, printSave } from '../netfilter/syntax/index.ts';
import { AuditFile } from './audit-file.ts';
import { AuditLog, type AuditEntry } from './audit.ts';
import { GuestNetwork } from './machine-network.ts';
import { readNetworkSettings, type NetworkPlan, type NetworkSettings } from './network-settings.ts';
import { statusOf, type NetworkStatus } from './network-status.ts';
import { makeNic, vmmWords, type Attachment } from './nics/attachment.ts';
import { TftpFolder } from './services/tftp-folder.ts';
import { formatForward, parseForward } from './world/forward.ts';

export interface NetworkListener {
  /** A guest came, or went. */
  readonly link?: (guest: string, isUp: boolean) => void;
  /** What a guest did, as it stands in the audit log. */
  readonly audit?: (entry: AuditEntry) => void;
  /** What is wrong with somebody who connected to a guest's socket. */
  readonly complaint?: (message: string) => void;
}

/** Starts a network; rejects with a SluiceError that begins with the path of what is wrong, and then nothing is open. */
export async function createNetwork(
  settings: NetworkSettings = {},
  listener: NetworkListener = {},
): Promise<RunningNetwork> {
  const network = new RunningNetwork(readNetworkSettings({ ...settings }), listener);
  await network.start();
  return network;
}

export class RunningNetwork {
  readonly engine: GuestNetwork;
  readonly audit: AuditLog;
  private readonly plan: NetworkPlan;

  constructor(plan: NetworkPlan, listener: NetworkListener = {}) {
    this.plan = plan;
    this.audit = new AuditLog(plan.log === undefined ? null : new AuditFile(plan.log));
    if (listener.audit !== undefined)
      this.audit.watch((line) => listener.audit!(JSON.parse(line) as AuditEntry));
    const complain = listener.complaint ?? (() => {});
    const { log: _file, guests, boot, uplink, ...settings } = plan;
    this.engine = new GuestNetwork({
      ...settings,
      guests: guests.map(({ attachment, ...guest }) => ({
        ...guest,
        nic: makeNic(attachment, complain),
      })),
      uplink: uplink && makeNic(uplink, complain),
      audit: this.audit,
      boot: boot && { ...boot, files: new TftpFolder(boot.folder) },
      ...(listener.link === undefined ? {} : { onLink: listener.link }),
    });
    const { gateway } = this.engine;
    makeObjects(
      plan.named,
      undefined,
      gateway.objects,
      new SeededRng(crypto.getRandomValues(new Uint32Array(1))[0]!),
    );
    for (const ruleset of plan.rulesets) gateway.load(ruleset);
  }

  /** Opens all that is to be open; rejects with SluiceError, and then nothing is. */
  async start(): Promise<void> {
    try {
      await this.engine.start();
      for (const forward of this.plan.forwards) await this.engine.forwards.add(forward);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** How a guest is attached. Throws SluiceError for a guest that there is not. */
  attachmentOf(guest: string): Attachment {
    const found = this.plan.guests.find(({ name }) => name === guest);
    if (found === undefined) throw new SluiceError('NETWORK', `there is no guest "${guest}"`);
    return found.attachment;
  }

  /** What to add to the command line of a guest's QEMU; none for a guest with a card of the program's own. */
  vmmWords(guest: string): readonly string[] {
    const mac = this.plan.guests.find(({ name }) => name === guest)?.mac;
    return vmmWords(guest, this.attachmentOf(guest), mac);
  }

  /** The rules in force with their counters, as `iptables-save -c` prints them. */
  rules(family: Family = 4): string {
    const ruleset = this.engine.gateway.netfilter.ruleset(family);
    return ruleset === null ? '' : printSave(ruleset, { counters: true });
  }

  /** Puts other rules in force, all or none; connections go on. Throws SluiceError with line. */
  load(rules: string, family: Family = 4): void {
    const { gateway, clock } = this.engine;
    const ruleset = parseRestore(rules, { family, file: 'rules', objects: gateway.objects });
    clock.catchUp();
    gateway.load(ruleset);
  }

  /** Leads a port of this machine to a guest: `8080=web:80`. Resolves to the forward with the port that was taken. */
  async forward(text: string): Promise<string> {
    return formatForward(await this.engine.forwards.add(understood(() => parseForward(text))));
  }

  /** Ends a forward; false when there is none such. */
  async endForward(text: string): Promise<boolean> {
    return this.engine.forwards.remove(formatForward(understood(() => parseForward(text))));
  }

  /** Ports that lead to guests. */
  get forwards(): readonly string[] {
    return this.engine.forwards.list().map(formatForward);
  }

  status(): NetworkStatus {
    return statusOf(this.engine);
  }

  async close(): Promise<void> {
    await this.engine.close();
    this.audit.close();
  }
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? new SluiceError('FORWARD', error.message) : error;
  }
}
