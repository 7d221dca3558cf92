/** Segments at the very edges of windows: scaled on both sides, on one, on none; and selective acknowledgements. */
import { u32 } from '../../../../src/conform/frames.ts';
import { SYN_OPTIONS, TcpConversation, TimeLine } from '../../flow.ts';

const line = new TimeLine();
const SERVER = '198.51.100.7';
const WINDOW = 500;
const conversation = (port: number): TcpConversation =>
  new TcpConversation(
    { ends: { from: '10.0.0.2', to: SERVER }, port, peerPort: 80 },
    (p) => line.inside(p),
    { ends: { from: SERVER, to: '10.0.0.2' }, port: 80, peerPort: port },
    (p) => line.outside(p),
  );

/** The last byte that fits the server's window of `size`, the first that does not, and the same seen from the client. */
function edges(c: TcpConversation, size: number): void {
  c.client('A').server('A', [], { window: WINDOW });
  for (const over of [-1, 0, 1]) c.client('A', [1], { seq: c.clientSeq + size - 1 + over });
  c.client('A', [], { window: WINDOW });
  for (const over of [-1, 0, 1]) c.server('A', [1], { seq: c.serverSeq + size - 1 + over });
  // As far behind as the largest window seen, and one further.
  for (const behind of [65_535, 65_536, 66_000, 70_000]) {
    c.client('A', [], { ack: c.serverSeq - behind });
    c.client('A', [1], { seq: c.clientSeq - behind });
  }
}

const scale = (shift: number): number[] => [2, 4, 5, 180, 1, 3, 3, shift];
edges(
  conversation(4000).client('S', [], { options: SYN_OPTIONS }).server('SA', [], { options: SYN_OPTIONS }),
  WINDOW << 7,
);
edges(
  conversation(4001)
    .client('S', [], { options: scale(2) })
    .server('SA', [], { options: scale(14) }),
  WINDOW << 14,
);
edges(
  conversation(4002)
    .client('S', [], { options: scale(7) })
    .server('SA'),
  WINDOW,
);
edges(
  conversation(4003)
    .client('S')
    .server('SA', [], { options: scale(7) }),
  WINDOW,
);
edges(
  conversation(4004)
    .client('S', [], { options: scale(20) })
    .server('SA', [], { options: scale(0) }),
  WINDOW,
);

// A selective acknowledgement reaches further than the plain one.
const s = conversation(4005).handshake(SYN_OPTIONS).client('A', new Array<number>(100).fill(7));
for (const end of [50, 100, 101]) {
  const block = [...u32(s.clientSeq - 90), ...u32(s.clientSeq - 100 + end)];
  s.server('A', [], { ack: s.clientSeq - 100, options: [1, 1, 5, 10, ...block] });
}
// A window that closes, a probe of it, and its opening.
const z = conversation(4006).handshake(SYN_OPTIONS).server('A', [], { window: 0 });
z.client('A', [1], { seq: z.clientSeq }).server('A', [], { window: 0 });
z.client('A', new Array<number>(200).fill(1), { seq: z.clientSeq })
  .server('A', [], { window: 2 })
  .client('PA', [1, 2, 3]);
// A retransmitted opening that changes its mind about scaling.
conversation(4007)
  .client('S', [], { options: SYN_OPTIONS })
  .client('S', [], { seq: 1_000_000, options: scale(1) })
  .server('SA', [], { options: SYN_OPTIONS })
  .client('A')
  .client('A', [1], { seq: 1_000_001 + 65535 });

export const steps = line.steps;
