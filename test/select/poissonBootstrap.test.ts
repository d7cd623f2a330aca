import { expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { mean, std } from "../../lib/core/statistics.js";
import { bootstrapInterval } from "../../lib/select/bootstrap.js";
import { meanOf, PoissonBootstrap } from "../../lib/select/poissonBootstrap.js";

function bootstrapped(values: readonly number[], seed: number, resamples = 4000) {
  const bootstrap = new PoissonBootstrap({ seed, resamples });
  const [value, count] = [bootstrap.tally(), bootstrap.tally()];
  for (const v of values) {
    const weights = bootstrap.next();
    value.add(v, weights);
    count.add(1, weights);
  }
  return { value, count, ...meanOf(value, count, 0.95) };
}

test("a question occurs 0, 1, 2, … times as Poisson(1) says", () => {
  const weights = new PoissonBootstrap({ seed: 1, resamples: 100_000 }).next();
  const share = (times: number) => weights.filter((w) => w === times).length / weights.length;
  for (const [times, factorial] of [1, 1, 2, 6, 24].entries()) {
    expect(Math.abs(share(times) - Math.exp(-1) / factorial)).toBeLessThan(0.006);
  }
});

test("its interval is that of the ordinary bootstrap, and of the normal distribution", () => {
  const draw = random(4);
  const values = Array.from({ length: 400 }, () => (draw.next() < 0.3 ? 1 : 0));
  const { mean: center, interval } = bootstrapped(values, 1);
  expect(center).toBe(mean(values));
  const error = (std(values) ?? NaN) / Math.sqrt(values.length);
  const ordinary = bootstrapInterval(values, { seed: 2, resamples: 4000 });
  for (const [side, sign] of [-1, 1].entries()) {
    expect(Math.abs((interval?.[side] ?? NaN) - (center + sign * 1.96 * error))).toBeLessThan(0.15 * error);
    expect(Math.abs((interval?.[side] ?? NaN) - ordinary[side])).toBeLessThan(0.15 * error);
  }
});

test("tallies of the same questions are paired: equal methods differ by exactly nothing", () => {
  const values = [1, 0, 0.5, 0.25, 1, 0];
  const { value, count } = bootstrapped(values, 3, 100);
  const other = bootstrapped(values, 3, 100).value;
  expect(meanOf(value.include(other, -1), count, 0.95)).toEqual({ mean: 0, interval: [0, 0] });
});

test("the interval holds the mean, and one question has none", () => {
  const { mean: center, interval } = bootstrapped(Array<number>(7).fill(1 / 3), 1, 50);
  expect(interval?.[0]).toBeLessThanOrEqual(center);
  expect(interval?.[1]).toBeGreaterThanOrEqual(center);
  expect(bootstrapped([1], 1, 50).interval).toBeUndefined();
  expect(() => new PoissonBootstrap({ seed: 1, resamples: 0 })).toThrow("resamples is 0");
});
