/**
 * Voting over final answers (self-consistency, Wang et al., arXiv 2203.11171). Answers are compared as given, after
 * trimming; candidates without an answer do not vote.
 */

export interface VoteResult {
  /** undefined when no candidate has an answer */
  readonly answer: string | undefined;
  /** index of the first candidate that gave the answer, −1 without one */
  readonly candidate: number;
  /** answer → total weight, in order of first appearance */
  readonly weights: ReadonlyMap<string, number>;
}

/** The most frequent answer; among equals the one given first. */
export function majorityVote(answers: readonly (string | undefined)[]): VoteResult {
  return weightedVote(
    answers,
    answers.map(() => 1),
  );
}

/**
 * The answer with the largest Σ weight over its candidates; among equals the one given first.
 * @param weights  non-negative, one per candidate, for example PRM scores
 */
export function weightedVote(answers: readonly (string | undefined)[], weights: readonly number[]): VoteResult {
  if (answers.length !== weights.length) {
    throw new RangeError(`weightedVote: ${answers.length} answers against ${weights.length} weights`);
  }
  const totals = new Map<string, number>();
  const first = new Map<string, number>();
  answers.forEach((answer, i) => {
    const weight = weights[i];
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(`weightedVote: weights[${i}] is ${String(weight)}; it must be finite and not negative`);
    }
    const key = answer?.trim();
    if (!key) return;
    totals.set(key, (totals.get(key) ?? 0) + weight);
    if (!first.has(key)) first.set(key, i);
  });
  let winner: string | undefined;
  for (const [answer, total] of totals) {
    if (winner === undefined || total > (totals.get(winner) ?? 0)) winner = answer;
  }
  return { answer: winner, candidate: winner === undefined ? -1 : (first.get(winner) ?? -1), weights: totals };
}
