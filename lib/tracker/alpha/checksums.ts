import { crc32 } from "node:zlib";

/** Entries under one checksum: a page of 4 KiB, so that one entry is read and verified without the rest of its snapshot. */
export const BLOCK = 1024;

/** Checksums per snapshot of `entries` weights. */
export const blocksOf = (entries: number): number => Math.ceil(entries / BLOCK);

/** Of the names as they stand in `alpha.json`. */
export const namesChecksum = (names: unknown): number => crc32(JSON.stringify(names));

/**
 * CRC-32 of each block of a snapshot, uint32 [⌈K / 1024⌉]. They begin with names and step, so that a changed name or step
 * is found as a changed weight is.
 *
 * @param row    float32 bytes, [4 K]
 * @param names  {@link namesChecksum}
 */
export function checksums(row: Uint8Array, step: number, names: number): Uint32Array {
  const bytes = BLOCK * 4;
  const start = crc32(` ${step}`, names);
  return Uint32Array.from({ length: Math.ceil(row.length / bytes) }, (_, b) =>
    crc32(row.subarray(b * bytes, (b + 1) * bytes), start),
  );
}
