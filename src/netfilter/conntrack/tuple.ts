/**
 * A tuple names one direction of a connection: family, protocol, both addresses and what stands for ports.
 * This is the scratch form, for moving tuples about; the table keeps them packed (tuple-store.ts).
 *
 *   protocol        srcId                    dstId
 *   TCP, UDP, …     source port              destination port
 *   ICMP, ICMPv6    identifier               (type << 8) | code
 *   GRE v1 (PPTP)   source call key          destination call key
 *   others          0                        0
 */
export class Tuple {
  family: number;
  proto: number;
  /** Conntrack zone of this direction. */
  zone: number;
  src0: number;
  src1: number;
  src2: number;
  src3: number;
  dst0: number;
  dst1: number;
  dst2: number;
  dst3: number;
  srcId: number;
  dstId: number;

  constructor() {
    this.family = 4;
    this.proto = 0;
    this.zone = 0;
    this.src0 = 0;
    this.src1 = 0;
    this.src2 = 0;
    this.src3 = 0;
    this.dst0 = 0;
    this.dst1 = 0;
    this.dst2 = 0;
    this.dst3 = 0;
    this.srcId = 0;
    this.dstId = 0;
  }

  copy(from: Tuple): this {
    this.family = from.family;
    this.proto = from.proto;
    this.zone = from.zone;
    this.src0 = from.src0;
    this.src1 = from.src1;
    this.src2 = from.src2;
    this.src3 = from.src3;
    this.dst0 = from.dst0;
    this.dst1 = from.dst1;
    this.dst2 = from.dst2;
    this.dst3 = from.dst3;
    this.srcId = from.srcId;
    this.dstId = from.dstId;
    return this;
  }
  equals(other: Tuple): boolean {
    return (
      this.src0 === other.src0 &&
      this.dst0 === other.dst0 &&
      this.srcId === other.srcId &&
      this.dstId === other.dstId &&
      this.proto === other.proto &&
      this.family === other.family &&
      this.zone === other.zone &&
      this.src1 === other.src1 &&
      this.src2 === other.src2 &&
      this.src3 === other.src3 &&
      this.dst1 === other.dst1 &&
      this.dst2 === other.dst2 &&
      this.dst3 === other.dst3
    );
  }
}
