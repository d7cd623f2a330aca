import type * as tf from "@tensorflow/tfjs-core";

type Numbers = number | ArrayLike<number> | tf.Tensor;

/**
 * |actual − expected| ≤ absolute + relative · max |expected|, for every entry; refuses NaN and differing sizes.
 * Prints the worst entry.
 */
export function expectClose(
  actual: Numbers,
  expected: Numbers,
  { relative = 1e-5, absolute = 0 }: { relative?: number; absolute?: number } = {},
): void {
  const [a, b] = [numbers(actual), numbers(expected)];
  if (a.length !== b.length) throw new Error(`${a.length} numbers where ${b.length} were expected`);
  const tolerance = absolute + relative * b.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  let worst = 0;
  b.forEach((_, i) => {
    if (!(Math.abs(a[i] - b[i]) <= Math.abs(a[worst] - b[worst]))) worst = i;
  });
  if (b.length > 0 && !(Math.abs(a[worst] - b[worst]) <= tolerance)) {
    throw new Error(`entry ${worst} is ${a[worst]}, expected ${b[worst]} within ${tolerance}`);
  }
}

function numbers(values: Numbers): number[] {
  if (typeof values === "number") return [values];
  if ("dataSync" in values) {
    const list = Array.from(values.dataSync());
    values.dispose();
    return list;
  }
  return Array.from(values);
}

/** (f(x + ε) − f(x − ε)) / 2ε for every coordinate, in double precision around a float32 function. */
export function centralDifference(f: (x: number[]) => number, x: readonly number[], epsilon = 1e-2): number[] {
  return x.map((_, i) => {
    const moved = (by: number) => f(x.map((value, j) => (i === j ? value + by : value)));
    return (moved(epsilon) - moved(-epsilon)) / (2 * epsilon);
  });
}
