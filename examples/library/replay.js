// What would the example's gateway have done with a captured HTTP session? `node examples/library/replay.js`
import { readTextFile, runReplay } from 'sluice';

const file = (path) => new URL(`../../${path}`, import.meta.url).pathname;

const summary = runReplay(
  {
    rules: readTextFile(file('examples/nat-gateway/firewall.rules')),
    inputs: [{ iface: null, path: file('pcaps/http.pcap') }],
  },
  {
    packet({ n, in: iface, verdict, reason, rule, translation }) {
      const ends = (one) => `${one.src} > ${one.dst}`;
      const change = translation === null ? '' : `${ends(translation.before)} => ${ends(translation.after)}`;
      console.log([n, iface, verdict, reason, rule ?? '-', change].join('\t'));
    },
  },
);

console.log(`${summary.frames} frames, ${summary.verdicts.DROP} dropped`);
for (const line of summary.conntrack) console.log(line);
