/** The captures that a lab's capture nodes play and record: files, named from where the lab file is. */
import { dirname, resolve } from 'node:path';
import { SluiceError } from '../../base/errors.ts';
import { FileSink, LinkType, linkTypeName, openCapture, PcapWriter } from '../../capture/index.ts';
import type { CapturedFrame, CaptureFiles } from '../../lab/index.ts';

export function captureFilesBeside(labFile: string): CaptureFiles {
  const folder = dirname(labFile);
  return {
    frames: (path) => framesOf(resolve(folder, path)),
    recorder(path) {
      const writer = new PcapWriter(FileSink.create(resolve(folder, path)));
      return {
        write: (time, bytes, start, end) => writer.write(time, bytes, start, end, end - start),
        close: () => writer.close(),
      };
    },
  };
}

function* framesOf(path: string): Iterable<CapturedFrame> {
  const reader = openCapture(path);
  try {
    while (reader.next()) {
      const { record } = reader;
      if (record.linkType !== LinkType.Ethernet) {
        const kind = linkTypeName(record.linkType);
        throw new SluiceError('LAB', `holds ${kind}, and a lab plays Ethernet alone`, { file: path });
      }
      yield { time: record.timeUs, bytes: record.bytes.slice(record.start, record.end) };
    }
  } finally {
    reader.close();
  }
}
