/** Hashed n-grams of words, numbers and signs. */

const offset = 0x811c9dc5;
const prime = 0x01000193;

/**
 * 32-bit FNV-1a hashes of the tokens of a text: runs of letters in lower case, numbers by shape (every digit as 0, so
 * that 17 and 42 are one token and 5 another), every other sign by itself.
 */
export function tokenHashes(text: string): number[] {
  const lower = text.toLowerCase();
  const hashes: number[] = [];
  let hash = offset;
  let kind = 0;
  for (let i = 0; i < lower.length; i++) {
    const code = lower.charCodeAt(i);
    const next = kindOf(code);
    if (kind !== 0 && (next !== kind || kind === sign)) {
      hashes.push(hash);
      hash = offset;
    }
    kind = next;
    if (next !== 0) hash = Math.imul(hash ^ (next === digit ? 48 : code), prime);
  }
  if (kind !== 0) hashes.push(hash);
  return hashes;
}

/** 32-bit hash of a text up to case and white space. */
export function plainHash(text: string): number {
  const lower = text.toLowerCase();
  let hash = offset;
  for (let i = 0; i < lower.length; i++) {
    const code = lower.charCodeAt(i);
    if (code > 32) hash = Math.imul(hash ^ code, prime);
  }
  return hash;
}

/** Hash of n neighbouring tokens in the space named by `namespace`. */
export function ngramHash(hashes: readonly number[], start: number, n: number, namespace: number): number {
  let hash = Math.imul(offset ^ namespace, prime) ^ n;
  for (let i = start; i < start + n; i++) hash = Math.imul((hash ^ hashes[i]) >>> 0, prime) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

const space = 0;
const letter = 1;
const digit = 2;
const sign = 3;

function kindOf(code: number): number {
  if (code >= 97 && code <= 122) return letter;
  if (code >= 48 && code <= 57) return digit;
  if (code <= 32 || code === 160) return space;
  if (code < 128) return sign;
  return code >= 0x2000 && code < 0x2c00 ? sign : letter;
}
