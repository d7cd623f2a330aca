/** The wire format of Protocol Buffers, as much as TensorBoard's events need: each function gives one field's bytes. */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** int32, int64 and enums; negative numbers in two's complement of 64 bits */
export const int = (field: number, value: number): Buffer =>
  Buffer.from([...key(field, VARINT), ...varint(BigInt.asUintN(64, BigInt(value)))]);

export function double(field: number, value: number): Buffer {
  const bytes = Buffer.from([...key(field, FIXED64), 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeDoubleLE(value, bytes.length - 8);
  return bytes;
}

export function float(field: number, value: number): Buffer {
  const bytes = Buffer.from([...key(field, FIXED32), 0, 0, 0, 0]);
  bytes.writeFloatLE(value, bytes.length - 4);
  return bytes;
}

/** strings and bytes */
export function text(field: number, value: string | Uint8Array): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([Buffer.from([...key(field, LENGTH), ...varint(BigInt(bytes.length))]), bytes]);
}

/** an embedded message; also one entry of a map, whose key is field 1 and whose value is field 2 */
export const message = (field: number, ...fields: readonly Uint8Array[]): Buffer => text(field, Buffer.concat(fields));

/** repeated double, packed */
export const doubles = (field: number, values: readonly number[]): Buffer =>
  text(field, new Uint8Array(Float64Array.from(values).buffer));

const key = (field: number, wire: number): number[] => varint(BigInt((field << 3) | wire));

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}
