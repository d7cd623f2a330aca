/** Range of an axis: the values' own, 5 % wider on each side. */
export function padded(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const pad = Math.max((high - low) * 0.05, 1e-3);
  return [low - pad, high + pad];
}

/** The known quality of a name.
 *
 * @throws RangeError naming it where it is missing or not finite
 */
export function qualityOf(against: Readonly<Record<string, number>>, name: string): number {
  const value = Object.hasOwn(against, name) ? against[name] : undefined;
  if (value === undefined || !Number.isFinite(value)) {
    throw new RangeError(
      `quality of "${name}" is ${value}; give one finite number per name (given: ${Object.keys(against).slice(0, 20).join(", ")})`,
    );
  }
  return value;
}
