/** sipp on both sides: calls with media through a gateway that lets only SIP out, and media where the helper expects it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileSink, PcapWriter } from '../../../src/capture/index.ts';
import { data, ethernet, frame, ipv4, udp } from '../../../src/wire/build.ts';
import { INSIDE, LiveGateway, OUTSIDE, PATIENCE_MS, requireLive } from './live-gateway.ts';

const CALLS = Number(process.env['SLUICE_CALLS'] ?? 3);
/** RTP packets of a call, 20 ms each. */
const PACKETS = 25;
const HELPER = '-p udp -m udp --dport 5060 -j CT --helper sip';
const ALLOWED = '-p udp -m udp --dport 5060 -m conntrack --ctstate NEW';
const MEDIA_PORT = 6000;

for (const nat of [false, true]) {
  describe(`SIP between programs, ${nat ? 'translated' : 'untranslated'}`, function () {
    this.timeout(PATIENCE_MS + CALLS * 5000);
    let live: LiveGateway;

    before(async function () {
      requireLive(this, 'sipp');
      live = await LiveGateway.open({ nat, helpers: [HELPER], allowed: [ALLOWED] });
      writeFileSync(join(live.folder, 'caller.xml'), CALLER);
      writeMedia(join(live.folder, 'media.pcap'));
    });
    after(() => live?.close());

    for (const family of [4, 6] as const) {
      it(`calls over IPv${family}: media both ways, none lost, all closed behind BYE`, async () => {
        const bracketed = (address: string): string => (family === 6 ? `[${address}]` : address);
        const [caller, callee] = [INSIDE[family], OUTSIDE[family]];
        live.start('outside', 'sipp', [
          ...['-sn', 'uas', '-i', bracketed(callee), '-p', '5060', '-mi', bracketed(callee), '-mp', '7000'],
          ...['-rtp_echo', '-nostdin'],
        ]);
        await live.listening('outside', 'udp', 5060);
        const before = [...live.flows.calls.all].length;
        await live.run('inside', 'sipp', [
          ...['-sf', 'caller.xml', '-i', bracketed(caller), '-mi', bracketed(caller), '-p', '5060'],
          ...[
            '-mp',
            String(MEDIA_PORT),
            '-m',
            String(CALLS),
            '-l',
            '1',
            '-nostdin',
            `${bracketed(callee)}:5060`,
          ],
        ]);
        const calls = [...live.flows.calls.all].slice(before);
        assert.equal(calls.length, CALLS);
        for (const { state, quality, code } of calls) {
          assert.deepEqual([state, code], ['ENDED', 200]);
          assert.equal(quality.length, 2, 'a stream each way');
          for (const { packets, lost, codec } of quality) {
            assert.deepEqual([packets, lost, codec], [PACKETS, 0, 'PCMA/8000']);
          }
        }
        assert.deepEqual(live.expectations, []);
      });
    }
  });
}

/** What sipp plays: it puts its own addresses and ports in the place of these. */
function writeMedia(path: string): void {
  const writer = new PcapWriter(FileSink.create(path), {});
  for (let n = 0; n < PACKETS; n++) {
    const rtp = new Uint8Array(12 + 160).fill(0xd5);
    const view = new DataView(rtp.buffer);
    view.setUint16(0, 0x8008 | (n === 0 ? 0x80 : 0));
    view.setUint16(2, n + 1);
    view.setUint32(4, n * 160);
    view.setUint32(8, 0x5105ce00);
    const bytes = frame(
      ethernet({ src: '02:00:00:00:00:0a', dst: '02:00:00:00:00:0b' }),
      ipv4({ src: '192.0.2.1', dst: '192.0.2.2' }),
      udp({ srcPort: MEDIA_PORT, dstPort: MEDIA_PORT }),
      data(rtp),
    );
    writer.write(1_700_000_000_000_000 + n * 20_000, bytes, 0, bytes.length, bytes.length);
  }
  writer.close();
}

/** A call that plays its media and waits for their end. */
const CALLER = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
    INVITE sip:service@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: caller <sip:caller@[local_ip]:[local_port]>;tag=[call_number]
    To: service <sip:service@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: sip:caller@[local_ip]:[local_port]
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=caller 1 1 IN IP[local_ip_type] [local_ip]
    s=-
    c=IN IP[media_ip_type] [media_ip]
    t=0 0
    m=audio [auto_media_port] RTP/AVP 8
    a=rtpmap:8 PCMA/8000
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rtd="true"/>
  <send><![CDATA[
    ACK sip:service@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: caller <sip:caller@[local_ip]:[local_port]>;tag=[call_number]
    To: service <sip:service@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Contact: sip:caller@[local_ip]:[local_port]
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <nop><action><exec play_pcap_audio="media.pcap"/></action></nop>
  <pause milliseconds="${PACKETS * 20 + 1000}"/>
  <send retrans="500"><![CDATA[
    BYE sip:service@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: caller <sip:caller@[local_ip]:[local_port]>;tag=[call_number]
    To: service <sip:service@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Contact: sip:caller@[local_ip]:[local_port]
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="200" crlf="true"/>
</scenario>
`;
