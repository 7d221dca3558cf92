/** What a replay refuses before its first frame, and how it says so. */
import assert from 'node:assert/strict';
import { SluiceError } from '../../src/base/errors.ts';
import { pcap, replay, natGateway, type Question } from './support.ts';

const RULES = '*filter\nCOMMIT\n';

interface Refusal {
  readonly name: string;
  readonly question: Question & { readonly mixed?: boolean };
  readonly message: RegExp;
  readonly code: string;
  readonly file?: string;
}

const REFUSALS: readonly Refusal[] = [
  { name: 'no capture', question: { rules: RULES }, code: 'USAGE', message: /no capture given/ },
  {
    name: 'captures with and without an interface',
    question: { ...natGateway(), in: { eth0: pcap('http.pcap') }, capture: pcap('http.pcap') },
    code: 'USAGE',
    message: /either every capture has an interface \(--in IFACE=CAPTURE\) or none has/,
  },
  {
    name: 'named interfaces without a gateway',
    question: { rules: RULES, in: { eth0: pcap('http.pcap') } },
    code: 'USAGE',
    message: /captures on named interfaces \(--in\) need a description of the gateway \(--gateway FILE\)/,
  },
  {
    name: '--host with --in',
    question: { rules: RULES, host: ['10.0.0.1'], in: { eth0: pcap('http.pcap') } },
    code: 'USAGE',
    message: /--host and --in exclude each other/,
  },
  {
    name: 'an interface that the gateway does not have',
    question: { ...natGateway(), in: { wlan0: pcap('http.pcap') } },
    code: 'USAGE',
    message: /no interface "wlan0" in the gateway file; it has eth0, eth1/,
  },
  {
    name: 'an interface called __proto__ (attacks S-9)',
    question: {
      ...natGateway(),
      in: JSON.parse(`{"__proto__": "${pcap('http.pcap')}"}`) as Record<string, string>,
    },
    code: 'USAGE',
    message: /no interface "__proto__"/,
  },
  {
    name: 'a mistake in the gateway file, with its name and the path in it',
    question: {
      rules: RULES,
      gateway: { interfaces: { eth0: { mtu: 12 } } },
      in: { eth0: pcap('http.pcap') },
    },
    code: 'GATEWAY',
    message: /^interfaces\.eth0\.mtu: must be a whole number from 68/,
    file: 'gateway.yaml',
  },
  {
    name: 'an unknown sysctl in the gateway file',
    question: {
      rules: RULES,
      gateway: { sysctl: { 'net.ipv4.ip_froward': 1 } },
      capture: pcap('http.pcap'),
      inside: ['10.254.0.2'],
    },
    code: 'SYSCTL_UNKNOWN',
    message: /net\.ipv4\.ip_froward/,
    file: 'gateway.yaml',
  },
  {
    name: 'rules with a mistake, with file and line',
    question: { rules: '*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n', capture: pcap('http.pcap') },
    code: '',
    message: /NOWHERE/,
    file: 'rules.v4',
  },
  {
    name: 'what is inside, when that is no network',
    question: { rules: RULES, capture: pcap('http.pcap'), inside: ['10.0.0.0/33'] },
    code: 'USAGE',
    message: /--inside: not a network or an address: "10\.0\.0\.0\/33"/,
  },
  {
    name: 'the host, when that is no address',
    question: { rules: RULES, capture: pcap('http.pcap'), host: ['here'] },
    code: 'USAGE',
    message: /--host: not a network or an address: "here"/,
  },
  {
    name: 'one name for both sides',
    question: { rules: RULES, capture: pcap('http.pcap'), insideInterface: 'a', outsideInterface: 'a' },
    code: 'USAGE',
    message: /the inside and the outside interface are both called a/,
  },
];

describe('replay: refusals', () => {
  for (const { name, question, message, code, file } of REFUSALS) {
    it(name, () => {
      assert.throws(
        () => replay(question),
        (error: unknown) => {
          assert.ok(error instanceof SluiceError, String(error));
          assert.match(error.message, message);
          if (code !== '') assert.equal(error.code, code);
          if (file !== undefined) assert.equal(error.place.file, file);
          return true;
        },
      );
    });
  }

  it('a capture that is none: its name, and what it is', () => {
    assert.throws(
      () => replay({ rules: RULES, capture: pcap('README.md'), inside: ['10.0.0.1'] }),
      /not a|unknown|capture/i,
    );
    assert.throws(
      () => replay({ rules: RULES, capture: pcap('absent.pcap'), inside: ['10.0.0.1'] }),
      /no such file/i,
    );
  });

  it('chains called __proto__ and constructor are chains like others (attacks S-9)', () => {
    const rules =
      '*filter\n:__proto__ - [0:0]\n:constructor - [0:0]\n-A FORWARD -j __proto__\n-A __proto__ -j constructor\n-A constructor -j DROP\nCOMMIT\n';
    const { packets, summary } = replay({ rules, capture: pcap('http.pcap') });
    const ip = packets.filter(({ reasonCode }) => reasonCode !== 'NOT_IP');
    assert.ok(ip.every(({ rule }) => rule === 'filter:constructor:1'));
    assert.match(summary.tables.v4, /\[40:\d+\] -A __proto__ -j constructor/);
  });
});
