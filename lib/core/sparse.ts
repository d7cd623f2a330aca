import * as tf from "@tensorflow/tfjs-core";
import { product as matrixProduct } from "./gradients.js";
import { nativeBackend } from "./nativeBinding.js";
import { linear } from "./twice.js";
import { type WasmLoops, wasmLoops } from "./wasmLoops.js";

/** A matrix of few entries other than zero, [R, C]: a tree of tensors, so that a batch with one is disposed of as a whole. */
export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** row and column of every entry, int32 [E, 2] */
  readonly index_E2: tf.Tensor2D;
  /** [E] */
  readonly value_E: tf.Tensor1D;
}

/** What heads take: rows of features, [B, F], of whatever density. */
export type FeatureMatrix = tf.Tensor2D | SparseMatrix;

export interface Entries {
  /** row and column of every entry, [E, 2] */
  readonly index: Int32Array;
  /** [E] */
  readonly value: Float32Array;
}

export function sparseMatrix(rows: number, columns: number, { index, value }: Entries): SparseMatrix {
  return { rows, columns, index_E2: tf.tensor2d(index, [value.length, 2], "int32"), value_E: tf.tensor1d(value) };
}

export function denseMatrix(rows: number, columns: number, { index, value }: Entries): tf.Tensor2D {
  const dense = new Float32Array(rows * columns);
  for (let e = 0; e < value.length; e++) dense[index[2 * e] * columns + index[2 * e + 1]] += value[e];
  return tf.tensor2d(dense, [rows, columns]);
}

/**
 * The kind of matrix with the faster products: sparse ones where the loops are ours, dense ones natively. There a 64 × 1536
 * batch of text features times a 1536 × 256 matrix takes 0.3 ms, TensorFlow's own sparse product 1.4 ms.
 */
export function featureMatrix(rows: number, columns: number, entries: Entries): FeatureMatrix {
  return (nativeBackend() ? denseMatrix : sparseMatrix)(rows, columns, entries);
}

/** x·y of either kind of matrix, [B, O]. */
export function featureProduct(x: FeatureMatrix, y: tf.Tensor2D): tf.Tensor2D {
  return x instanceof tf.Tensor ? tf.matMul(x, y) : sparseProduct(x, y);
}

/** xᵀ·y of either kind of matrix, [F, O]. */
export function transposedFeatureProduct(x: FeatureMatrix, y: tf.Tensor2D): tf.Tensor2D {
  return x instanceof tf.Tensor ? (matrixProduct(x, y, true, false) as tf.Tensor2D) : transposedSparseProduct(x, y);
}

/**
 * x·y with gradients of any order in y; x is data and has none. Sums in the order of the entries.
 *
 * @param x  [R, C]
 * @param y  [C, O]
 * @returns [R, O]
 * @throws RangeError with both shapes when they do not fit
 */
export function sparseProduct(x: SparseMatrix, y: tf.Tensor2D): tf.Tensor2D {
  return product(x, y, false);
}

/** xᵀ·y, likewise: y [R, O] → [C, O]. */
export function transposedSparseProduct(x: SparseMatrix, y: tf.Tensor2D): tf.Tensor2D {
  return product(x, y, true);
}

function product(x: SparseMatrix, y: tf.Tensor2D, transposed: boolean): tf.Tensor2D {
  const [inner, outer] = transposed ? [x.rows, x.columns] : [x.columns, x.rows];
  if (y.shape[0] !== inner) {
    const of = `[${x.rows}, ${x.columns}]${transposed ? "ᵀ" : ""}`;
    throw new RangeError(`sparse product: ${of} does not fit [${y.shape.join(", ")}]`);
  }
  return linear(
    y,
    (dense) => compute(x, dense, [outer, y.shape[1]], transposed),
    (dy) => product(x, dy, !transposed),
  );
}

type Shape = [number, number];

function compute(x: SparseMatrix, y: tf.Tensor, shape: Shape, transposed: boolean): tf.Tensor2D {
  const loops = wasmLoops();
  return loops ? inWasm(x, y, shape, transposed, loops) : inJavaScript(x, y, shape, transposed);
}

function inWasm(x: SparseMatrix, y: tf.Tensor, shape: Shape, transposed: boolean, loops: WasmLoops): tf.Tensor2D {
  const { address, empty } = loops;
  const out = empty(shape) as tf.Tensor2D;
  const sizes = [shape[1], 4 * out.size];
  const [index, value, from, to] = [x.index_E2, x.value_E, y, out].map(address);
  loops.sparseProduct(index, value, x.value_E.size, Number(transposed), from, to, ...sizes);
  return out;
}

function inJavaScript(x: SparseMatrix, y: tf.Tensor, shape: Shape, transposed: boolean): tf.Tensor2D {
  const [index, value, dense] = [x.index_E2.dataSync(), x.value_E.dataSync(), y.dataSync()];
  const [, width] = shape;
  const out = new Float32Array(shape[0] * width);
  value.forEach((factor, e) => {
    const [row, column] = [index[2 * e] * width, index[2 * e + 1] * width];
    const [from, to] = transposed ? [row, column] : [column, row];
    for (let o = 0; o < width; o++) out[to + o] += factor * dense[from + o];
  });
  return tf.tensor2d(out, shape);
}
