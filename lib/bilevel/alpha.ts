import * as tf from "@tensorflow/tfjs-core";
import { cloneTree, fromPlain, type Params, type PlainParams, toPlain } from "../core/tree.js";
import { lazyRows, type LazyRowsState } from "../optim/lazyRows.js";
import { disposeTree, type Level, type LevelState } from "./level.js";
import type { BilevelProblem, LowerObjective } from "./problem.js";

/** α with its optimiser's state: dense tensors, and at most one long vector that is updated row by row. */
export class Alpha<L> {
  private dense: LevelState;
  private readonly rowwise: { readonly state: LazyRowsState; readonly rule: ReturnType<typeof lazyRows> } | undefined;

  /** Takes over `params`. */
  constructor(
    private readonly problem: Pick<BilevelProblem<L, never>, "lazy" | "project">,
    private readonly level: Level | undefined,
    params: Params,
  ) {
    const { lazy } = problem;
    const { [lazy?.name ?? ""]: long, ...rest } = params as Record<string, tf.Tensor | undefined>;
    if (lazy) {
      if (long?.rank !== 1) throw new Error(`α has no vector "${lazy.name}" to be updated row by row`);
      const rule = lazyRows(level?.optimizer ?? { kind: "sgd" });
      this.rowwise = { rule, state: rule.init(Float32Array.from(long.dataSync())) };
      long.dispose();
    }
    const dense = this.rowwise ? (rest as Params) : params;
    this.dense = level?.init(dense) ?? { params: dense, optimizer: { updates: 0, moments: {} } };
  }

  /** The rows that batches touch, each once; undefined when nothing is updated row by row. */
  rowsOf(batches: readonly L[]): Int32Array | undefined {
    const { lazy } = this.problem;
    if (lazy === undefined || this.rowwise === undefined) return undefined;
    return Int32Array.from(new Set(batches.flatMap((batch) => Array.from(lazy.rows(batch)))));
  }

  /** α with the entries at `rows` in place of the long vector; to be called within a tidy. */
  at(rows: Int32Array | undefined): Params {
    const { lazy } = this.problem;
    if (rows === undefined || lazy === undefined || this.rowwise === undefined) return this.dense.params;
    const { values } = this.rowwise.state;
    return { ...this.dense.params, [lazy.name]: tf.tensor1d(Float32Array.from(rows, (row) => values[row])) };
  }

  /** α as `lower` takes it for a batch; to be called within a tidy. */
  of(batch: L): Params {
    const rows = this.rowwise && this.problem.lazy?.rows(batch);
    return this.at(rows && Int32Array.from(rows));
  }

  /** The lower objective for an α whose long vector holds the entries at `rows`. */
  restricted(problem: LowerObjective<L>, rows: Int32Array | undefined): LowerObjective<L> {
    const { lazy } = this.problem;
    if (rows === undefined || lazy === undefined) return problem;
    const position = new Map(Array.from(rows, (row, i) => [row, i]));
    const of = (alpha: Params, batch: L): Params => {
      const own = Int32Array.from(Array.from(lazy.rows(batch)), (row) => position.get(row) as number);
      if (own.length === rows.length && own.every((p, i) => p === i)) return alpha;
      return { ...alpha, [lazy.name]: tf.gather(alpha[lazy.name], tf.tensor1d(own, "int32")) };
    };
    const { lower, weighted } = problem;
    return {
      lower: (phi, alpha, batch) => tf.tidy(() => lower(phi, of(alpha, batch), batch)),
      ...(weighted && {
        weighted: {
          ...weighted,
          weights: (alpha, batch, seen) => weighted.weights(of(alpha, batch), batch, seen),
          weightsPullBack: undefined,
        },
      }),
    };
  }

  /** One optimiser step along clipped gradients, then the way back into α's range. */
  advance(grads: Params, rows: Int32Array | undefined, scheduled: number): void {
    const { lazy, project } = this.problem;
    const { level } = this;
    if (level === undefined) throw new Error("no upper level");
    const { [lazy?.name ?? ""]: long, ...rest } = grads as Record<string, tf.Tensor>;
    this.dense = level.advance(this.dense, this.rowwise ? rest : grads, scheduled);
    if (this.rowwise && rows) {
      this.rowwise.rule.update(this.rowwise.state, rows, long.dataSync(), level.learningRate(scheduled));
    }
    if (project) this.project(project, rows);
  }

  /** α whole; the caller disposes it. */
  copy(): Params {
    const { lazy } = this.problem;
    const dense = cloneTree(this.dense.params);
    if (this.rowwise === undefined || lazy === undefined) return dense;
    return { ...dense, [lazy.name]: tf.tensor1d(this.rowwise.state.values.slice()) };
  }

  state(): PlainLevel {
    const plain = plainLevel(this.dense);
    const { lazy } = this.problem;
    if (this.rowwise === undefined || lazy === undefined) return plain;
    const { values, moments, updates } = this.rowwise.state;
    const entry = (vector: Float32Array): PlainParams => ({
      [lazy.name]: { shape: [vector.length], values: vector.slice() },
    });
    return {
      params: { ...plain.params, ...entry(values) },
      updates: plain.updates,
      moments: {
        ...Object.fromEntries(
          Object.entries(moments).map(([name, vector]) => [name, { ...plain.moments[name], ...entry(vector) }]),
        ),
        [ROW_UPDATES]: entry(updates),
      },
    };
  }

  restore({ params, updates, moments }: PlainLevel): void {
    const { lazy } = this.problem;
    const without = ({ [lazy?.name ?? ""]: _long, ...rest }: PlainParams): PlainParams => rest;
    disposeTree(this.dense);
    if (this.rowwise === undefined || lazy === undefined) {
      this.dense = liveLevel({ params, updates, moments });
      return;
    }
    const { [ROW_UPDATES]: rowUpdates, ...own } = moments;
    const { state } = this.rowwise;
    state.values.set(params[lazy.name].values);
    state.updates.set(rowUpdates[lazy.name].values);
    for (const [name, vector] of Object.entries(state.moments)) vector.set(own[name][lazy.name].values);
    const denseMoments = Object.fromEntries(Object.entries(own).map(([name, tree]) => [name, without(tree)]));
    this.dense = liveLevel({ params: without(params), updates, moments: denseMoments });
  }

  dispose(): void {
    disposeTree(this.dense);
  }

  private project(project: (alpha: Params) => Params, rows: Int32Array | undefined): void {
    const { lazy } = this.problem;
    const projected = tf.tidy(() => project(this.at(rows)));
    const { [lazy?.name ?? ""]: long, ...rest } = projected as Record<string, tf.Tensor>;
    disposeTree(this.dense.params);
    this.dense = { ...this.dense, params: this.rowwise ? rest : projected };
    if (this.rowwise === undefined || rows === undefined) return;
    const { values } = this.rowwise.state;
    long.dataSync().forEach((value: number, i: number) => (values[rows[i]] = value));
    long.dispose();
  }
}

/** name of the row-wise counts among the moments of a plain state */
const ROW_UPDATES = "rowUpdates";

/** A level's state without tensors. */
export interface PlainLevel {
  readonly params: PlainParams;
  readonly updates: number;
  readonly moments: Readonly<Record<string, PlainParams>>;
}

export function plainLevel({ params, optimizer: { updates, moments } }: LevelState): PlainLevel {
  const plain = Object.fromEntries(Object.entries(moments).map(([name, tree]) => [name, toPlain(tree)]));
  return { params: toPlain(params), updates, moments: plain };
}

export function liveLevel({ params, updates, moments }: PlainLevel): LevelState {
  const live = Object.fromEntries(Object.entries(moments).map(([name, tree]) => [name, fromPlain(tree)]));
  return { params: fromPlain(params), optimizer: { updates, moments: live } };
}
