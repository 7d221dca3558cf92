/**
 * The sysctls of one device as the packet path reads them: plain fields, computed anew when any sysctl changed. How the
 * values of `all` and of the interface combine is the kernel's (IN_DEV_ANDCONF, ORCONF, MAXCONF in inetdevice.h). An
 * interface without a value of its own has that of `default`.
 */
import type { Sysctls } from '../base/sysctl.ts';
import type { Device } from './device.ts';

export class DeviceSettings4 {
  forwarding = false;
  rpFilter = 0;
  acceptSourceRoute = false;
  sendRedirects = false;
  sharedMedia = false;
  acceptLocal = false;
  routeLocalnet = false;
  broadcastForwarding = false;
  dropUnicastInMulticast = false;
  arpIgnore = 0;
  arpAccept = 0;
  proxyArp = false;
  proxyArpPvlan = false;
  promoteSecondaries = false;
  arpNotify = false;
  acceptRedirects = false;
}

export class DeviceSettings6 {
  isRouter = false;
  hopLimit = 64;
  acceptSourceRoute = 0;
  dropUnicastInMulticast = false;
  dropUnsolicitedNa = false;
  suppressFragmentedNd = true;
  disabled = false;
  acceptRedirects = false;
}

export class SettingsTable {
  private readonly sysctls: Sysctls;
  private readonly byDevice4: (DeviceSettings4 | undefined)[] = [];
  private readonly byDevice6: (DeviceSettings6 | undefined)[] = [];
  private generation = -1;
  /** net.ipv6.conf.all.forwarding. */
  private forwarding6 = false;

  constructor(sysctls: Sysctls) {
    this.sysctls = sysctls;
  }

  v4(device: Device): DeviceSettings4 {
    if (this.generation !== this.sysctls.generation) this.forget();
    return this.byDevice4[device.index] ?? this.read4(device);
  }

  v6(device: Device): DeviceSettings6 {
    if (this.generation !== this.sysctls.generation) this.forget();
    return this.byDevice6[device.index] ?? this.read6(device);
  }

  get isRouter6(): boolean {
    if (this.generation !== this.sysctls.generation) this.forget();
    return this.forwarding6;
  }

  private forget(): void {
    this.byDevice4.length = 0;
    this.byDevice6.length = 0;
    this.generation = this.sysctls.generation;
    this.forwarding6 = this.sysctls.get('net.ipv6.conf.all.forwarding') !== 0;
  }

  private own(family: string, device: Device, name: string): number {
    const own = `net.${family}.conf.${device.name}.${name}`;
    return this.sysctls.get(this.sysctls.isSet(own) ? own : `net.${family}.conf.default.${name}`);
  }

  private read4(device: Device): DeviceSettings4 {
    const own = (name: string) => this.own('ipv4', device, name);
    const all = (name: string) => this.sysctls.get(`net.ipv4.conf.all.${name}`);
    const both = (name: string) => own(name) !== 0 && all(name) !== 0;
    const either = (name: string) => own(name) !== 0 || all(name) !== 0;
    const settings = new DeviceSettings4();
    settings.forwarding = this.forwarding4(device);
    settings.rpFilter = Math.max(own('rp_filter'), all('rp_filter'));
    settings.acceptSourceRoute = both('accept_source_route');
    settings.sendRedirects = either('send_redirects');
    settings.sharedMedia = either('shared_media');
    settings.acceptLocal = either('accept_local');
    settings.routeLocalnet = either('route_localnet');
    settings.broadcastForwarding = both('bc_forwarding');
    settings.dropUnicastInMulticast = either('drop_unicast_in_l2_multicast');
    settings.arpIgnore = Math.max(own('arp_ignore'), all('arp_ignore'));
    settings.arpAccept = Math.max(own('arp_accept'), all('arp_accept'));
    settings.proxyArp = either('proxy_arp');
    settings.proxyArpPvlan = either('proxy_arp_pvlan');
    settings.arpNotify = either('arp_notify');
    settings.promoteSecondaries = either('promote_secondaries');
    settings.acceptRedirects = this.acceptRedirects4(device, settings.forwarding);
    this.byDevice4[device.index] = settings;
    return settings;
  }

  /** Setting ip_forward (or all) sets every interface; an interface may then say otherwise. */
  private forwarding4(device: Device): boolean {
    for (const name of [`net.ipv4.conf.${device.name}.forwarding`, 'net.ipv4.conf.all.forwarding']) {
      if (this.sysctls.isSet(name)) return this.sysctls.get(name) !== 0;
    }
    return this.sysctls.get('net.ipv4.ip_forward') !== 0;
  }

  /** Turning ip_forward on turns the value of `all` off (inet_forward_change). */
  private acceptRedirects4(device: Device, forwarding: boolean): boolean {
    const own = this.own('ipv4', device, 'accept_redirects') !== 0;
    const name = 'net.ipv4.conf.all.accept_redirects';
    const all = this.sysctls.isSet(name)
      ? this.sysctls.get(name) !== 0
      : this.sysctls.get('net.ipv4.ip_forward') === 0;
    return forwarding ? own && all : own || all;
  }

  private read6(device: Device): DeviceSettings6 {
    const own = (name: string) => this.own('ipv6', device, name);
    const all = (name: string) => this.sysctls.get(`net.ipv6.conf.all.${name}`);
    const settings = new DeviceSettings6();
    const forwarding = `net.ipv6.conf.${device.name}.forwarding`;
    settings.isRouter = this.sysctls.isSet(forwarding)
      ? this.sysctls.get(forwarding) !== 0
      : this.forwarding6;
    settings.hopLimit = own('hop_limit');
    settings.acceptSourceRoute = Math.min(own('accept_source_route'), all('accept_source_route'));
    settings.dropUnicastInMulticast = own('drop_unicast_in_l2_multicast') !== 0;
    settings.dropUnsolicitedNa = own('drop_unsolicited_na') !== 0;
    settings.suppressFragmentedNd = own('suppress_frag_ndisc') !== 0;
    settings.disabled = own('disable_ipv6') !== 0 || all('disable_ipv6') !== 0;
    settings.acceptRedirects = !settings.isRouter && own('accept_redirects') !== 0;
    this.byDevice6[device.index] = settings;
    return settings;
  }
}
