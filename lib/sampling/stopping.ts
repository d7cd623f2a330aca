/** When enough completions of a step prefix have been drawn. */
export interface Stopping {
  /** K, the most completions */
  readonly completions: number;
  /** stop early once the 95 % Wilson interval of the share reaches at most so far to either side */
  readonly halfWidth?: number;
  /** completions between looks at the interval; defaults to 4 */
  readonly batch?: number;
}

/** What an early end does to the estimate. */
export interface StoppingBias {
  /** true share p → E[score / times] − p and the expected number of completions */
  readonly byShare: readonly { readonly share: number; readonly bias: number; readonly completions: number }[];
  readonly largest: number;
}

const Z = 1.959963984540054;

/** Half of the 95 % Wilson interval, z √(p(1 − p)/n + z²/4n²) / (1 + z²/n), with p = right / n. */
export function wilsonHalfWidth(right: number, n: number): number {
  const p = right / n;
  return (Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n))) / (1 + (Z * Z) / n);
}

/** How many completions there must be before the next look, given what there is; as many as there are when it is enough. */
export function wanted(right: number, n: number, { completions, halfWidth, batch = 4 }: Stopping): number {
  if (halfWidth === undefined) return completions;
  if (n >= completions || (n > 0 && wilsonHalfWidth(right, n) <= halfWidth)) return n;
  return Math.min(n + batch, completions);
}

/**
 * The bias of score / times under the rule, exactly: a rule that looks at the share it estimates stops sooner where the
 * share happens to be extreme. By going through all (right, n) that the rule can reach, for p = 0, 0.1, … 1.
 *
 *     E[score / times] = Σ P(stop at (s, n)) · s / n
 */
export function stoppingBias(rule: Stopping): StoppingBias {
  const byShare = Array.from({ length: 11 }, (_, i) => {
    const share = i / 10;
    let [expected, completions] = [0, 0];
    let reached = new Map([[0, 1]]); // right → probability, at n
    for (let n = 0; reached.size > 0;) {
      const going = new Map<number, number>();
      let next = n;
      for (const [right, probability] of reached) {
        const want = wanted(right, n, rule);
        if (want > n) {
          next = want;
          going.set(right, probability);
          continue;
        }
        expected += (probability * right) / n;
        completions += probability * n;
      }
      reached = going;
      for (; n < next; n++) reached = drawn(reached, share);
    }
    return { share, bias: expected - share, completions };
  });
  return { byShare, largest: Math.max(...byShare.map(({ bias }) => Math.abs(bias))) };
}

/** One completion more. */
function drawn(reached: ReadonlyMap<number, number>, share: number): Map<number, number> {
  const after = new Map<number, number>();
  for (const [right, probability] of reached) {
    after.set(right, (after.get(right) ?? 0) + probability * (1 - share));
    after.set(right + 1, (after.get(right + 1) ?? 0) + probability * share);
  }
  return after;
}
