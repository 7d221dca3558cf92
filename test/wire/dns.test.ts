import assert from 'node:assert/strict';
import * as packet from 'dns-packet';
import fc from 'fast-check';
import * as dns from '../../src/wire/dns.ts';

const label = fc.string({ unit: fc.constantFrom(...'abcdefghij-0123456789_'), minLength: 1, maxLength: 20 });
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

describe('DNS on the wire', () => {
  it('writes queries and answers that another implementation reads', () => {
    fc.assert(
      fc.property(
        name,
        fc.nat(0xffff),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        (asked, id, address) => {
          const query = packet.decode(Buffer.from(dns.query(id, asked, dns.Type.A)));
          assert.deepEqual([query.id, query.questions], [id, [{ name: asked, type: 'A', class: 'IN' }]]);
          const question = dns.parseQuery(dns.query(id, asked, dns.Type.A))!;
          const record = { type: dns.Type.A, ttl: 60, data: address };
          const answer = packet.decode(Buffer.from(dns.response(question, dns.ResponseCode.OK, [record])));
          assert.equal(answer.answers![0]!.name, asked);
          assert.equal((answer.answers![0] as packet.StringAnswer).data, address.join('.'));
        },
      ),
      { seed: 7 },
    );
  });

  it('reads what another implementation writes, names that point back included', () => {
    const bytes = packet.encode({
      type: 'response',
      id: 7,
      flags: packet.AUTHORITATIVE_ANSWER,
      questions: [{ name: 'WWW.Example.net', type: 'AAAA' }],
      answers: [
        { name: 'www.example.net', type: 'AAAA', ttl: 5, data: '2001:db8::1' },
        { name: 'www.example.net', type: 'PTR', ttl: 5, data: 'other.example.net' },
      ],
    });
    const response = dns.parseResponse(bytes)!;
    assert.deepEqual([response.id, response.code, response.name], [7, 0, 'www.example.net']);
    assert.equal((response.answers[0]!.data as Uint8Array)[15], 1);
    assert.equal(response.answers[1]!.data, 'other.example.net');
    // ours points at the question's name
    const own = dns.response(dns.parseQuery(dns.query(1, 'a.b', dns.Type.PTR))!, 0, [
      { type: dns.Type.PTR, ttl: 1, data: 'c.d' },
    ]);
    assert.equal(dns.parseResponse(own)!.answers[0]!.data, 'c.d');
  });

  it('takes no notice of what is cut, points in a circle, or is no query', () => {
    const whole = dns.query(1, 'www.example.net', dns.Type.A);
    for (let length = 0; length < whole.length; length++)
      assert.equal(dns.parseQuery(whole.subarray(0, length)), undefined);
    const circle = whole.slice();
    circle.set([0xc0, dns.HEADER_LENGTH], dns.HEADER_LENGTH);
    assert.equal(dns.parseQuery(circle), undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        dns.parseQuery(bytes);
        dns.parseResponse(bytes);
      }),
      { seed: 7 },
    );
  });

  it('knows whose address a name of in-addr.arpa stands for', () => {
    assert.equal(dns.addressOfPointer('5.122.168.192.in-addr.arpa'), '192.168.122.5');
    assert.equal(dns.addressOfPointer('www.example.net'), undefined);
  });
});
