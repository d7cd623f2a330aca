import { join } from "node:path";
import { LowSync } from "lowdb";
import { AtomicJson } from "./adapter.js";
import { AlphaWriter } from "./alphaFiles.js";
import { keepArtifact } from "./artifacts.js";
import type { EventLog, Metrics, RunEvent } from "./events.js";
import { runError, watch } from "./lifecycle.js";
import { plainObject } from "./plain.js";
import { type Artifact, parseRun, type RunData } from "./record.js";
import { HEARTBEAT_MS } from "./status.js";

/** What `run.log` takes from a training engine; undefined values are skipped. */
export interface LoggedIteration {
  readonly iteration: number;
  readonly lower: LoggedLevel;
  readonly upper?: LoggedLevel | undefined;
  weights?(): { readonly names: readonly string[]; readonly values: Float32Array };
}

export interface LoggedLevel {
  readonly loss?: number | undefined;
  readonly weightedLoss?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly gradientNorm?: number | undefined;
}

/** Where a resumed run stands. */
export interface Continued {
  readonly alpha: AlphaWriter | undefined;
  /** logged up to the checkpoint: decides which of the next ones get a weight snapshot */
  readonly upperUpdates: number;
}

type Ending = Pick<RunData, "status" | "reason" | "error">;

/** A run being written. One process writes it; what was logged survives the death of that process. */
export class Run {
  readonly id: string;
  readonly folder: string;
  readonly #db: LowSync<RunData>;
  readonly #events: EventLog;
  readonly #weightsEvery: number;
  readonly #artifacts = new Set<Promise<unknown>>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #alpha: AlphaWriter | undefined;
  #upperUpdates: number;

  /** Made by `store.startRun` and `store.resumeRun`, which have written run.json. */
  constructor(folder: string, data: RunData, events: EventLog, continued?: Continued) {
    this.id = data.id;
    this.folder = folder;
    this.#weightsEvery = data.weightsEvery ?? 1;
    this.#alpha = continued?.alpha;
    this.#upperUpdates = continued?.upperUpdates ?? 0;
    this.#db = new LowSync(new AtomicJson(join(folder, "run.json"), parseRun), data);
    this.#events = events;
    this.#heartbeat = setInterval(() => this.#events.beat(), HEARTBEAT_MS).unref();
    this.#unwatch = watch((end) => this.#end(end));
  }

  /**
   * Appends metrics, or those of an engine's iteration as `lower.loss`, `upper.gradientNorm` and so on, together with
   * its weights after every `weightsEvery`-th upper update, from the first on.
   * In a resumed run the count goes on from the upper updates logged up to the checkpoint, so that the snapshots are at
   * the same iterations as without the interruption. Metrics logged by hand as `upper.…` count as upper updates then.
   */
  log(step: number, metrics: Metrics): void;
  log(iteration: LoggedIteration): void;
  log(at: number | LoggedIteration, metrics?: Metrics): void {
    this.#writable("log");
    if (typeof at === "number") return this.#events.metrics(at, metrics ?? {});
    const { iteration, lower, upper } = at;
    this.#events.metrics(iteration, { ...prefixed("lower", lower), ...(upper && prefixed("upper", upper)) });
    if (!upper) return;
    if (this.#upperUpdates++ % this.#weightsEvery !== 0 || !at.weights) return;
    const { names, values } = at.weights();
    this.logWeights(iteration, names, values);
  }

  /** Appends a snapshot of the run's one named weight vector; `names` stay the same throughout. */
  logWeights(step: number, names: readonly string[], weights: ArrayLike<number>): void {
    this.#writable("logWeights");
    this.#alpha ??= new AlphaWriter(this.folder, names);
    this.#alpha.append(step, names, weights);
  }

  note(text: string): void {
    this.#writable("note");
    this.#events.append({ type: "note", t: Date.now(), text });
  }

  /** Merges into the summary; later values win. */
  setSummary(summary: object): void {
    this.#writable("setSummary");
    this.#db.data.summary = { ...this.#db.data.summary, ...plainObject(summary, "summary") };
    this.#db.write();
  }

  /**
   * Copies a file into the run's `artifacts/`; one of the same name is replaced.
   *
   * @param name  path below `artifacts/`; defaults to the file's own name
   */
  artifact(path: string, name?: string): Promise<Artifact> {
    this.#writable("artifact");
    const copy = keepArtifact(join(this.folder, "artifacts"), path, name).then((artifact) => {
      const others = this.#db.data.artifacts.filter((a) => a.name !== artifact.name);
      this.#db.data.artifacts = [...others, artifact];
      this.#db.write();
      return artifact;
    });
    this.#artifacts.add(copy);
    return copy.finally(() => this.#artifacts.delete(copy));
  }

  /** Waits for artifacts on their way, then closes the run for good. */
  async finish(summary?: object): Promise<void> {
    if (summary) this.setSummary(summary);
    await Promise.allSettled(this.#artifacts);
    this.#writable("finish");
    this.#end({ status: "finished" });
  }

  /** Closes the run as failed; the error's message and stack are kept. */
  async fail(error: unknown): Promise<void> {
    await Promise.allSettled(this.#artifacts);
    this.#writable("fail");
    this.#end({ status: "failed", error: runError(error) });
  }

  #end(ending: Ending): void {
    const before = this.#db.data;
    this.#db.data = { ...before, ...ending, endedAt: new Date().toISOString() };
    try {
      this.#db.write();
    } catch (error) {
      this.#db.data = before; // still open: it can be finished once the cause is gone
      throw error;
    }
    this.#unwatch();
    clearInterval(this.#heartbeat);
    const reason = ending.reason ?? ending.error?.message;
    try {
      this.#events.append({
        type: "status",
        t: Date.now(),
        status: ending.status,
        ...(reason !== undefined && { reason }),
      });
    } finally {
      this.#events.close();
      this.#alpha?.close();
    }
  }

  #writable(verb: string): void {
    const { status } = this.#db.data;
    if (status !== "running") throw new Error(`run ${this.id} is ${status}; ${verb} needs a new run (store.startRun)`);
  }
}

/** An event that {@link Run.log} wrote for an iteration with an upper update. */
export const isUpperUpdate = (event: RunEvent): boolean =>
  event.type === "metrics" && Object.keys(event.metrics).some((name) => name.startsWith("upper."));

function prefixed(level: string, values: LoggedLevel): Record<string, number> {
  const defined = Object.entries(values as Record<string, number | undefined>).filter(
    (pair): pair is [string, number] => pair[1] !== undefined,
  );
  return Object.fromEntries(defined.map(([name, value]) => [`${level}.${name}`, value]));
}
