/** Up to three of `candidates` that may have been meant by `word`, the likeliest first. */
export function nearest(word: string, candidates: Iterable<string>): string[] {
  const most = Math.max(1, Math.floor(word.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, far: distance(word, candidate) }))
    .filter(({ far }) => far <= most)
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** 0.5 when one is the first or last part of the other; else the edits between them, case aside, or from the last part. */
function distance(word: string, candidate: string): number {
  const [a, b] = [word.toLowerCase(), candidate.toLowerCase()];
  const parts = (long: string, short: string) =>
    long.length > short.length &&
    ((long.endsWith(short) && isBreak(long[long.length - short.length - 1])) ||
      (long.startsWith(short) && isBreak(long[short.length])));
  if (a !== b && (parts(b, a) || parts(a, b))) return 0.5;
  return Math.min(edits(a, b), edits(a, b.slice(b.lastIndexOf(".") + 1)) + 0.5);
}

const isBreak = (character: string): boolean => /[^\p{L}\p{N}]/u.test(character);

/** Levenshtein's distance, with a swap of neighbours as one edit. */
function edits(a: string, b: string): number {
  let [twoAbove, above]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? twoAbove[j - 2] + 1 : Infinity;
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, replaced, swapped));
    }
    [twoAbove, above] = [above, row];
  }
  return above[b.length];
}
