/** How often and how long after a failure a request is sent again. */
export interface RetryOptions {
  /** how often a request is sent at most; defaults to 8 */
  readonly attempts?: number;
  /** of the first pause, doubled from one to the next up to a minute; defaults to 1000 ms */
  readonly pauseMs?: number;
}

const LONGEST_MS = 60_000;
/** a server that wants us to stay away longer is asked again sooner; a daily quota is no reason to wait for a day */
const LONGEST_ASKED_MS = 600_000;

/**
 * The pause before attempt `failures` + 1: uniform in [½, 1] of pauseMs · 2^(failures − 1), at most a minute, and never
 * shorter than what the server has asked for.
 *
 * @param draw  uniform in [0, 1)
 */
export function retryPause(failures: number, pauseMs: number, askedMs: number | undefined, draw: () => number): number {
  const longest = Math.min(LONGEST_MS, pauseMs * 2 ** (failures - 1));
  const own = longest * (0.5 + draw() / 2);
  return askedMs === undefined ? own : askedMs + own / 2;
}

/**
 * What `Retry-After` (seconds or a date) or `retry-after-ms` ask for, in ms, at most ten minutes; undefined where they say
 * nothing.
 */
export function retryAfterMs(headers: Headers | undefined, nowMs: number): number | undefined {
  const ms = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (ms >= 0) return Math.min(ms, LONGEST_ASKED_MS);
  const text = headers?.get("retry-after") ?? "";
  const seconds = /^\s*[\d.]+\s*$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds * 1000), LONGEST_ASKED_MS) : undefined;
}
