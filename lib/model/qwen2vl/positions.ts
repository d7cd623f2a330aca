/** Multimodal rotary positions (M-RoPE) of Qwen2-VL (arXiv 2409.12191, section 2.1). */

/** Patches of an image in time, height and width. */
export type Grid = readonly [time: number, height: number, width: number];

/** Image tokens that a grid is merged into. */
export function mergedTokens([time, height, width]: Grid, merge: number): number {
  return (time * height * width) / merge ** 2;
}

/**
 * Positions of a sequence's tokens in time, height and width: a text token has the same in all three, one after the
 * largest before it; an image token that of its merged patch, counted from where the image begins.
 *
 * @param ids         tokens, image tokens in runs as long as their grids ask for
 * @param grids       of the images, in their order
 * @param imageToken  id of image tokens
 * @param merge       patches per side that make one token
 * @returns three lists as long as `ids`
 * @throws RangeError when a run of image tokens has not the length of its grid
 */
export function mropePositions(
  ids: readonly number[],
  grids: readonly Grid[],
  imageToken: number,
  merge: number,
): [number[], number[], number[]] {
  const positions: [number[], number[], number[]] = [[], [], []];
  const push = (...at: [number, number, number]) => at.forEach((p, axis) => positions[axis].push(p));
  let next = 0;
  let image = 0;
  for (let i = 0; i < ids.length;) {
    if (ids[i] !== imageToken || image >= grids.length) {
      push(next, next, next);
      next++;
      i++;
      continue;
    }
    const [time, height, width] = grids[image];
    const [rows, columns] = [height / merge, width / merge];
    const count = time * rows * columns;
    if (!ids.slice(i, i + count).every((id) => id === imageToken) || i + count > ids.length) {
      const run = ids.slice(i).findIndex((id) => id !== imageToken);
      const found = run < 0 ? ids.length - i : run;
      const asked = `image ${image} of [${grids[image].join(", ")}] patches needs ${count}`;
      throw new RangeError(`${asked} image tokens in a row at position ${i}, found ${found}`);
    }
    for (let p = 0; p < count; p++) {
      const [t, row, column] = [Math.floor(p / (rows * columns)), Math.floor(p / columns) % rows, p % columns];
      push(next + t, next + row, next + column);
    }
    next += Math.max(time, rows, columns);
    image++;
    i += count;
  }
  return positions;
}

/** Row and column of every patch, in the order in which the processor lists them: merge × merge blocks together. */
export function patchPlaces([time, height, width]: Grid, merge: number): { row: number; column: number }[] {
  const frame: { row: number; column: number }[] = [];
  for (let top = 0; top < height; top += merge) {
    for (let left = 0; left < width; left += merge) {
      for (let p = 0; p < merge ** 2; p++) {
        frame.push({ row: top + Math.floor(p / merge), column: left + (p % merge) });
      }
    }
  }
  return Array.from({ length: time }, () => frame).flat();
}
