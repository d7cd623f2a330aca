import { expect, test } from "vitest";
import { sparkline } from "../../lib/cli/sparkline.js";

test("one bar per value, from the least to the greatest", () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([-3, 5, -3], 10)).toBe("▁█▁");
});

test("more values than places: the means of equal shares", () => {
  expect(sparkline([0, 2, 8, 6, 4, 4], 3)).toBe("▁█▅"); // 1, 7, 4
  expect(
    sparkline(
      Float32Array.from({ length: 1000 }, (_, i) => i),
      8,
    ),
  ).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([1, 2, 3], 0)).toBe("");
});

test("what is not finite is a gap and moves no other bar; a constant lies in the middle", () => {
  expect(sparkline([0, NaN, 7, Infinity], 4)).toBe("▁·█·");
  expect(sparkline([0, NaN, 7, 7], 2)).toBe("▁█");
  expect(sparkline([NaN, NaN], 2)).toBe("··");
  expect(sparkline(new Array<number>(400).fill(0.03), 34)).toBe("▄".repeat(34));
});
