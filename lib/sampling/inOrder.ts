/** Items under way per request under way: so many may be done while one that is slow, or failing, holds up their order. */
const AHEAD = 16;

/**
 * The results of `work` on each item, in the items' order, with up to 16 × `concurrency` of them under way. After a failure nothing
 * new is begun, and the error comes when all that was begun has ended.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      result.catch(() => undefined); // it is looked at in its turn
      begun.push(result);
      if (begun.length >= AHEAD * concurrency) yield await (begun.shift() as Promise<R>);
    }
    while (begun.length > 0) yield await (begun.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(begun);
  }
}
