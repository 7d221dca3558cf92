import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as dhcp from '../../src/wire/dhcp.ts';

const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const message = fc.record(
  {
    op: fc.constantFrom(dhcp.BOOTREQUEST, dhcp.BOOTREPLY),
    xid: word,
    secs: fc.nat(0xffff),
    flags: fc.constantFrom(0, dhcp.BROADCAST_FLAG),
    ciaddr: word,
    yiaddr: word,
    siaddr: word,
    giaddr: word,
    chaddr: fc.uint8Array({ minLength: 6, maxLength: 6 }),
    file: fc.constantFrom('', 'pxelinux.0'),
    // Not the marks (0, 255), nor the option that says where else options stand.
    options: fc
      .uniqueArray(
        fc.tuple(
          fc.integer({ min: 1, max: 254 }).filter((code) => code !== dhcp.Option.OVERLOAD),
          fc.uint8Array({ maxLength: 600 }),
        ),
        { selector: ([code]) => code, maxLength: 12 },
      )
      .map((list) => new Map(list)),
  },
  { noNullPrototype: true },
);

describe('DHCP messages', () => {
  it('are read as they were written, long options in pieces too', () => {
    fc.assert(
      fc.property(message, fc.nat(9), (sent, before) => {
        const bytes = dhcp.emit(sent);
        const moved = new Uint8Array(before + bytes.length);
        moved.set(bytes, before);
        assert.ok(bytes.length >= 300);
        assert.deepEqual(dhcp.parse(moved, before, moved.length), sent);
      }),
    );
  });

  it('are read or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(
        message,
        fc.array(fc.tuple(fc.nat(299), fc.nat(255))),
        fc.nat(900),
        (sent, changes, cut) => {
          const bytes = dhcp.emit(sent);
          for (const [at, value] of changes) bytes[at] = value;
          dhcp.parse(bytes, 0, Math.min(cut, bytes.length));
        },
      ),
    );
  });

  it('have options in the fields for server name and file, where they say so', () => {
    const bytes = dhcp.emit({
      op: 1,
      xid: 7,
      secs: 0,
      flags: 0,
      ciaddr: 0,
      yiaddr: 0,
      siaddr: 0,
      giaddr: 0,
      chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1),
      file: '',
      options: new Map([[dhcp.Option.OVERLOAD, Uint8Array.of(3)]]),
    });
    bytes.set([dhcp.Option.HOST_NAME, 2, 0x61, 0x62, dhcp.Option.END], 108);
    bytes.set([dhcp.Option.HOST_NAME, 1, 0x63, dhcp.Option.END], 44);
    const { options, file } = dhcp.parse(bytes, 0, bytes.length)!;
    assert.equal(Buffer.from(options.get(dhcp.Option.HOST_NAME)!).toString(), 'abc');
    assert.equal(file, '');
  });
});
