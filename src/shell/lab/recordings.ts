/** Captures of what crosses the links of a lab (`--capture a:eth0=a.pcap`). */
import { didYouMean } from '../../base/did-you-mean.ts';
import { SluiceError } from '../../base/errors.ts';
import { FileSink, PcapWriter } from '../../capture/index.ts';
import type { Lab } from '../../lab/index.ts';

/** Writes everything that is put on the link at an endpoint, both ways. Returns what closes the file. */
export function record(lab: Lab, endpoint: string, path: string): () => void {
  const found = lab.linkAt(endpoint);
  if (found === undefined) {
    const known = lab.topology.links.flatMap(({ ends }) => ends.map(({ node, port }) => `${node}:${port}`));
    throw new SluiceError(
      'USAGE',
      `no link ends at "${endpoint}"${didYouMean(endpoint, known)}; there are ${known.join(', ')}`,
    );
  }
  const writer = new PcapWriter(FileSink.create(path));
  found.link.tap((time, _fromA, bytes, start, end) => writer.write(time, bytes, start, end, end - start));
  return () => writer.close();
}
