/** Sparse rows in compressed form: row i has `indices` and `values` from indptr[i] to indptr[i + 1], columns ascending. */
export interface FeatureRows {
  readonly rows: number;
  /** number of columns */
  readonly size: number;
  /** [rows + 1] */
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/**
 * Dense rows for a batch.
 * @returns row-major [B, size]
 */
export function denseRows(features: FeatureRows, rowIndices: ArrayLike<number>): Float32Array {
  const { rows, size, indptr, indices, values } = features;
  const dense = new Float32Array(rowIndices.length * size);
  for (let b = 0; b < rowIndices.length; b++) {
    const row = rowIndices[b];
    requireRow(row, rows);
    for (let i = indptr[row]; i < indptr[row + 1]; i++) dense[b * size + indices[i]] = values[i];
  }
  return dense;
}

/** The rows of a batch in compressed form: row b has its entries from start[b] to start[b + 1]. */
export function rowEntries(
  { rows, indptr, indices, values }: FeatureRows,
  rowIndices: ArrayLike<number>,
): { start: Int32Array; column: Int32Array; value: Float32Array } {
  const start = new Int32Array(rowIndices.length + 1);
  for (let b = 0; b < rowIndices.length; b++) {
    requireRow(rowIndices[b], rows);
    start[b + 1] = start[b] + indptr[rowIndices[b] + 1] - indptr[rowIndices[b]];
  }
  const count = start[rowIndices.length];
  const [column, value] = [new Int32Array(count), new Float32Array(count)];
  for (let b = 0; b < rowIndices.length; b++) {
    const [from, to] = [indptr[rowIndices[b]], indptr[rowIndices[b] + 1]];
    column.set(indices.subarray(from, to), start[b]);
    value.set(values.subarray(from, to), start[b]);
  }
  return { start, column, value };
}

function requireRow(row: number, rows: number): void {
  if (!Number.isInteger(row) || row < 0 || row >= rows)
    throw new RangeError(`row ${row} does not exist; there are ${rows}`);
}

/** Non-zero entries of rows, in arrays that double when full. */
export function sparseEntries(size: number) {
  let [indices, values, count] = [new Int32Array(4 * size), new Float32Array(4 * size), 0];
  return {
    /** returns the number of entries so far */
    add(row: Float32Array): number {
      if (count + size > indices.length) {
        const [moreIndices, moreValues] = [new Int32Array(2 * indices.length), new Float32Array(2 * indices.length)];
        moreIndices.set(indices);
        moreValues.set(values);
        [indices, values] = [moreIndices, moreValues];
      }
      for (let column = 0; column < size; column++) {
        const value = row[column];
        if (value === 0) continue;
        indices[count] = column;
        values[count++] = value;
      }
      return count;
    },
    arrays: () => ({ indices: indices.slice(0, count), values: values.slice(0, count) }),
  };
}
