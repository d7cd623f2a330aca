import type { Dtype } from "../core/safetensorsHeader.js";
import { bytesOf } from "../core/safetensorsFile.js";

/** What a tensor's numbers are read into; half precision becomes float32, booleans 0 and 1. */
export type TensorValues =
  Float32Array | Float64Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** The types that weights are written in. */
export type FloatDtype = "F32" | "BF16" | "F16";

/** Types that hold weights, as opposed to indices and flags. */
export const isFloat = (dtype: Dtype): boolean =>
  dtype === "F32" || dtype === "BF16" || dtype === "F16" || dtype === "F64";

const sameLayout = {
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Numbers that are converted at a time, so that no second copy of a tensor is ever held. */
const CHUNK = 1 << 22;

/**
 * A tensor's numbers, read through `readInto` into the array that is returned. Half precision is widened exactly, some
 * megabytes at a time.
 *
 * @param readInto  fills bytes from a position within the tensor
 */
export async function readValues(
  dtype: Dtype,
  size: number,
  readInto: (target: Uint8Array, position: number) => Promise<void>,
): Promise<TensorValues> {
  if (dtype !== "BF16" && dtype !== "F16") {
    const values = new sameLayout[dtype](size);
    await readInto(bytesOf(values), 0);
    return values;
  }
  const widen = dtype === "BF16" ? widenBfloat16 : widenFloat16;
  const values = new Float32Array(size);
  const chunk = new Uint16Array(Math.min(size, CHUNK));
  for (let done = 0; done < size; done += chunk.length) {
    const part = chunk.subarray(0, size - done);
    await readInto(bytesOf(part), 2 * done);
    widen(part, values.subarray(done, done + part.length));
  }
  return values;
}

/** Bytes of float32 numbers in another type, rounded to the nearest, ties to even, some megabytes at a time. */
export function* narrow(values: Float32Array, dtype: FloatDtype): Generator<Uint8Array> {
  if (dtype === "F32") {
    yield bytesOf(values);
    return;
  }
  const round = dtype === "BF16" ? narrowBfloat16 : narrowFloat16;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let done = 0; done < bits.length; done += CHUNK) {
    const half = new Uint16Array(Math.min(CHUNK, bits.length - done));
    round(bits.subarray(done, done + half.length), half);
    yield bytesOf(half);
  }
}

/** bfloat16 is the upper half of float32. */
function widenBfloat16(from: Uint16Array, to: Float32Array): void {
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
  for (let i = 0; i < from.length; i++) bits[i] = from[i] << 16;
}

let float16: Float32Array | undefined;

function widenFloat16(from: Uint16Array, to: Float32Array): void {
  float16 ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => float16Value(bits));
  for (let i = 0; i < from.length; i++) to[i] = float16[from[i]];
}

/** IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
function float16Value(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function narrowBfloat16(from: Uint32Array, to: Uint16Array): void {
  for (let i = 0; i < to.length; i++) to[i] = roundBfloat16(from[i]);
}

function narrowFloat16(from: Uint32Array, to: Uint16Array): void {
  for (let i = 0; i < to.length; i++) to[i] = roundFloat16(from[i]);
}

/** @param bits  a float32 number's; a NaN stays one though its lower half goes */
function roundBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** @param bits  a float32 number's; from 65,520 on it becomes infinite */
function roundFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 2¹⁶
  if (magnitude < 0x38800000) return sign | roundEven(float32Of(magnitude) * 2 ** 24); // subnormal: below 2⁻¹⁴
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - (112 << 23)) >>> 13); // 112: difference of the biases
}

const word = new DataView(new ArrayBuffer(4));

function float32Of(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

function roundEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
