import { expect, test } from "vitest";
import { centralDifference, expectClose } from "./expectClose.js";

test("accepts what is close and refuses what is not, NaN and other sizes, naming the worst entry", () => {
  expectClose([1, 2.000001], [1, 2]);
  expect(() => expectClose([1, 2.1, 2.5], [1, 2, 2])).toThrow(/entry 2 is 2.5, expected 2/);
  expect(() => expectClose([1, NaN], [1, Infinity])).toThrow(/entry 1 is NaN/);
  expect(() => expectClose([NaN], [NaN])).toThrow(/NaN/);
  expect(() => expectClose([0], [1e-9])).toThrow();
  expect(() => expectClose([1], [1, 2])).toThrow(/1 numbers where 2/);
});

test("central difference of x² y is (2xy, x²)", () => {
  expectClose(
    centralDifference(([x, y]) => x * x * y, [3, 2]),
    [12, 9],
  );
});
