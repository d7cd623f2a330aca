/** Token sequences of different lengths, padded to one batch. */
import * as tf from "@tensorflow/tfjs-core";
import { causalMask } from "./attention.js";
import { type RotaryTables, rotaryTables } from "./rotary.js";

export interface TokenSequence {
  readonly ids: readonly number[];
  /** positions in `ids` whose hidden state or logits are wanted; defaults to none */
  readonly wanted?: readonly number[];
}

export type Padding = "left" | "right";

/** A tree of tensors, disposed of as a whole (`tf.dispose`). */
export interface TokenBatch {
  readonly sequences: number;
  /** L, of the padded batch */
  readonly tokens: number;
  /** int32 [B·L] */
  readonly id_N: tf.Tensor1D;
  /** rows of [B·L] in the order of the sequences and of their `wanted`, int32 [P] */
  readonly wanted_P: tf.Tensor1D;
  readonly mask: tf.Tensor4D;
  readonly rotary: RotaryTables;
}

/** What a model asks of its sequences. */
export interface TokenLimits {
  readonly vocabulary: number;
  readonly maxPositions: number;
}

/** Where the tokens of padded sequences lie. */
export interface Layout {
  /** L */
  readonly tokens: number;
  /** row of [B·L] of token `i` of sequence `b` */
  readonly row: (b: number, i: number) => number;
  /** token of sequence `b` at place `l` of the padded one, undefined for padding */
  readonly token: (b: number, l: number) => number | undefined;
}

/**
 * @throws RangeError naming the sequence when it is empty, longer than the model takes, holds an id outside the
 *   vocabulary, or wants a position that it has not
 */
export function layoutOf(sequences: readonly TokenSequence[], limits: TokenLimits, padding: Padding): Layout {
  if (sequences.length === 0) throw new RangeError("a batch needs at least one sequence");
  sequences.forEach((sequence, b) => checkSequence(sequence, b, limits));
  const lengths = sequences.map(({ ids }) => ids.length);
  const tokens = Math.max(...lengths);
  const start = (b: number) => (padding === "left" ? tokens - lengths[b] : 0);
  const token = (b: number, l: number) => (l >= start(b) && l < start(b) + lengths[b] ? l - start(b) : undefined);
  return { tokens, row: (b, i) => b * tokens + start(b) + i, token };
}

function checkSequence({ ids, wanted = [] }: TokenSequence, b: number, { vocabulary, maxPositions }: TokenLimits) {
  if (ids.length === 0 || ids.length > maxPositions) {
    throw new RangeError(`sequence ${b} has ${ids.length} tokens; the model takes 1 to ${maxPositions}: shorten it`);
  }
  const wrong = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (wrong >= 0) {
    const range = `the model's vocabulary is 0 to ${vocabulary - 1}: does the tokenizer belong to it?`;
    throw new RangeError(`sequence ${b} holds the token id ${ids[wrong]} at position ${wrong}; ${range}`);
  }
  const outside = wanted.find((i) => !Number.isInteger(i) || i < 0 || i >= ids.length);
  if (outside !== undefined) throw new RangeError(`sequence ${b} of ${ids.length} tokens has no position ${outside}`);
}

/**
 * The padded batch; the caller disposes it.
 *
 * @param angle    rotary angle of pair j of token i of sequence b
 * @param shared   all sequences have the same angles, so that with padding on the right one table serves all
 * @param headSize D
 */
export function tokenBatch(
  sequences: readonly TokenSequence[],
  { layout, padding, headSize, angle, shared }: TokenBatchOptions,
): TokenBatch {
  const { tokens: L, row, token } = layout;
  const B = sequences.length;
  const ids = new Int32Array(B * L);
  sequences.forEach((sequence, b) => ids.set(sequence.ids, row(b, 0)));
  const wanted = sequences.flatMap(({ wanted = [] }, b) => wanted.map((i) => row(b, i)));
  const lengths = sequences.map((sequence) => sequence.ids.length);
  const oneTable = shared && (padding === "right" || lengths.every((n) => n === L));
  const longest = lengths.indexOf(L);
  const rotary = oneTable
    ? rotaryTables((_, l, j) => angle(longest, l, j), [1, L, headSize])
    : rotaryTables((b, l, j) => angle(b, token(b, l) ?? 0, j), [B, L, headSize]);
  return {
    sequences: B,
    tokens: L,
    id_N: tf.tensor1d(ids, "int32"),
    wanted_P: tf.tensor1d(wanted, "int32"),
    mask: causalMask(lengths, L, padding),
    rotary,
  };
}

export interface TokenBatchOptions {
  readonly layout: Layout;
  readonly padding: Padding;
  readonly headSize: number;
  readonly angle: (b: number, i: number, j: number) => number;
  readonly shared: boolean;
}
