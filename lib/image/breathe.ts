const SLICE_MS = 10;

/**
 * For long loops: the returned function lets the event loop turn where more than 10 ms have passed since its last turn.
 *
 * @example
 * const breathe = breather();
 * for (const row of rows) {
 *   await breathe();
 *   work(row);
 * }
 */
export function breather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now();
        resolve();
      }),
    );
  };
}
