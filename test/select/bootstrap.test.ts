import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { mean, std } from "../../lib/core/statistics.js";
import { bootstrapInterval } from "../../lib/select/bootstrap.js";

describe("bootstrapInterval", () => {
  test("the interval of a large normal sample is mean ± 1.96 s/√n", () => {
    const draw = random(3);
    const values = Array.from({ length: 400 }, () => 5 + 2 * draw.normal());
    const half = (1.96 * std(values)!) / Math.sqrt(values.length);
    const [low, high] = bootstrapInterval(values, { seed: 1 });
    expect(low).toBeCloseTo(mean(values) - half, 1);
    expect(high).toBeCloseTo(mean(values) + half, 1);
    expect((high - low) / (2 * half)).toBeGreaterThan(0.9);
    expect((high - low) / (2 * half)).toBeLessThan(1.1);
  });

  test("same seed, same interval; a higher level is wider", () => {
    const draw = random(11);
    const values = Array.from({ length: 40 }, () => draw.normal());
    expect(bootstrapInterval(values, { seed: 4 })).toEqual(bootstrapInterval(values, { seed: 4 }));
    expect(bootstrapInterval(values, { seed: 4 })).not.toEqual(bootstrapInterval(values, { seed: 5 }));
    const [low, high] = bootstrapInterval(values, { seed: 4, level: 0.5 });
    const [lower, higher] = bootstrapInterval(values, { seed: 4, level: 0.99 });
    expect(lower).toBeLessThan(low);
    expect(higher).toBeGreaterThan(high);
    expect(bootstrapInterval([3, 3, 3], { seed: 1 })).toEqual([3, 3]);
    expect(() => bootstrapInterval(values, { seed: 1, level: 1 })).toThrow("(0, 1)");
  });
});
