// A guest network as part of a program: `node examples/library/network.js`. It says what to add to QEMU's command line, leads
// a port of this machine to the guest, changes the rules while it runs, and ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from 'sluice';

const folder = mkdtempSync(join(tmpdir(), 'network-'));

const network = await createNetwork(
  {
    guests: { web: { socket: join(folder, 'web.sock'), mac: '02:00:00:00:00:11', ip: '192.168.122.11' } },
    names: { sets: { updates: ['*.debian.org'] } },
    rules: `*filter
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -m set --match-set updates dst -p tcp --dport 443 -j ACCEPT
-A FORWARD -i lan -j REJECT
COMMIT
`,
  },
  {
    link: (guest, isUp) => console.log(guest, isUp ? 'is there' : 'is gone'),
    audit: ({ event, guest, to, rule }) => console.log(event, guest, to ?? '', rule ?? ''),
  },
);

console.log('qemu-system-x86_64 …', network.vmmWords('web').join(' '));
console.log('forward', (await network.forward('0=web:80')).replace(/:\d+=/, ':PORT='));

network.load('*filter\n-A FORWARD -i lan -p tcp --dport 25 -j DROP\nCOMMIT\n');
console.log(network.rules().match(/^.*--dport 25.*$/m)[0]);

const [web] = network.status().guests;
console.log(`${web.name} ${web.connected ? 'is connected' : 'is not there yet'}`);

await network.close();
rmSync(folder, { recursive: true });
