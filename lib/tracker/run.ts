import { basename, join } from "node:path";
import { LowSync } from "lowdb";
import { errorText } from "../core/errorText.js";
import { AtomicJson, WriteError } from "./adapter.js";
import { AlphaWriter } from "./alpha/files.js";
import { keepArtifact } from "./artifacts.js";
import { notebookFile } from "./environment.js";
import type { EventLog, Metrics } from "./events.js";
import { type LoggedIteration, prefixed } from "./iteration.js";
import { runError, watch } from "./lifecycle.js";
import { plainObject } from "./plain.js";
import { type Artifact, parseRun, type RunData } from "./record.js";
import { ResourceMeter } from "./resources.js";
import type { RunOptions } from "./runOptions.js";
import { HEARTBEAT_MS } from "./status.js";

export type { LoggedIteration, LoggedLevel } from "./iteration.js";

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
  readonly #warn: boolean;
  readonly #meter: ResourceMeter;
  readonly #artifacts = new Set<Promise<unknown>>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #dropped: number;
  /** how it ended, when that could not be written yet */
  #ending: Ending | undefined;
  #alpha: AlphaWriter | undefined;
  #upperUpdates: number;

  /** Made by `store.startRun` and `store.resumeRun`, which have written run.json. */
  constructor(folder: string, data: RunData, events: EventLog, options: RunOptions, continued?: Continued) {
    this.id = data.id;
    this.folder = folder;
    this.#weightsEvery = data.weightsEvery ?? 1;
    this.#alpha = continued?.alpha;
    this.#upperUpdates = continued?.upperUpdates ?? 0;
    this.#db = new LowSync(new AtomicJson(join(folder, "run.json"), parseRun), data);
    this.#events = events;
    this.#warn = options.onWriteError === "warn";
    this.#dropped = data.dropped ?? 0;
    this.#meter = new ResourceMeter(options.resources);
    const everyMs = Math.min(HEARTBEAT_MS, options.resources?.everyMs ?? HEARTBEAT_MS);
    this.#heartbeat = setInterval(() => this.#beat(), everyMs).unref();
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
    this.#write(() => this.#sample());
    if (typeof at === "number") return this.#write(() => this.#events.metrics(at, metrics ?? {}));
    const { iteration, lower, upper } = at;
    const logged = { ...prefixed("lower", lower), ...(upper && prefixed("upper", upper)) };
    this.#write(() => this.#events.metrics(iteration, logged));
    if (!upper) return;
    if (this.#upperUpdates++ % this.#weightsEvery !== 0 || !at.weights) return;
    const { names, values } = at.weights();
    this.logWeights(iteration, names, values);
  }

  /** Appends a snapshot of the run's one named weight vector; `names` stay the same throughout. */
  logWeights(step: number, names: readonly string[], weights: ArrayLike<number>): void {
    this.#writable("logWeights");
    this.#write(() => {
      this.#alpha ??= new AlphaWriter(this.folder, names);
      this.#alpha.append(step, names, weights);
    });
  }

  note(text: string): void {
    this.#writable("note");
    this.#write(() => this.#events.append({ type: "note", t: Date.now(), text }));
  }

  /** Merges into the summary; later values win. */
  setSummary(summary: object): void {
    this.#writable("setSummary");
    this.#db.data.summary = { ...this.#db.data.summary, ...plainObject(summary, "summary") };
    this.#write(() => this.#db.write());
  }

  /**
   * Keeps a copy of a file in the run's `artifacts/`; one of the same name is replaced.
   * The same content is stored once for all runs; the copies are read-only.
   *
   * @param name  path below `artifacts/`; defaults to the file's own name
   */
  artifact(path: string, name = basename(path)): Promise<Artifact> {
    this.#writable("artifact");
    const copy = keepArtifact(this.folder, path, name).then((artifact) => {
      const others = this.#db.data.artifacts.filter((a) => a.name !== artifact.name);
      this.#db.data.artifacts = [...others, artifact];
      this.#write(() => this.#db.write());
      return artifact;
    });
    this.#artifacts.add(copy);
    return copy.finally(() => this.#artifacts.delete(copy));
  }

  /** Waits for artifacts on their way, then closes the run for good. */
  async finish(summary?: object): Promise<void> {
    if (summary) this.setSummary(summary);
    await this.#settle("finish");
    this.#end({ status: "finished" });
  }

  /** Closes the run as failed; the error's message and stack are kept. */
  async fail(error: unknown): Promise<void> {
    await this.#settle("fail");
    this.#end({ status: "failed", error: runError(error) });
  }

  /** The notebook is kept as it was last saved, with the cells that were run until then. */
  async #settle(verb: string): Promise<void> {
    const notebook = notebookFile(this.#db.data.environment);
    if (notebook !== undefined && this.#db.data.status === "running") {
      await this.artifact(notebook, "environment/notebook.ipynb").catch((e: unknown) => this.note(errorText(e)));
    }
    await Promise.allSettled(this.#artifacts);
    this.#writable(verb);
  }

  #end(ending: Ending): void {
    const before = this.#db.data;
    const end = this.#ending ?? ending; // the first one counts: at the process's exit it is tried again
    const dropped = this.#dropped > 0 ? { dropped: this.#dropped } : {};
    this.#db.data = { ...before, ...end, ...dropped, endedAt: new Date().toISOString(), usage: this.#meter.usage() };
    try {
      this.#db.write();
    } catch (error) {
      this.#db.data = before; // still open: it can be finished once the cause is gone
      if (!this.#warn || this.#ending) throw error;
      this.#ending = ending;
      return this.#drop(error);
    }
    this.#unwatch();
    clearInterval(this.#heartbeat);
    const reason = end.reason ?? end.error?.message;
    const event = {
      type: "status",
      t: Date.now(),
      status: end.status,
      ...(reason !== undefined && { reason }),
    } as const;
    try {
      this.#write(() => this.#events.append(event));
    } finally {
      this.#alpha?.close();
      this.#write(() => this.#events.close());
    }
  }

  #write(deed: () => void): void {
    try {
      deed();
    } catch (error) {
      if (!this.#warn || !(error instanceof WriteError)) throw error;
      this.#drop(error);
    }
  }

  #drop(error: unknown): void {
    if (this.#dropped++ === 0) {
      process.emitWarning(`run ${this.id} goes on without what cannot be written: ${errorText(error)}`);
    }
  }

  /** From a timer, where an error would end the process: the next `log` meets it too. */
  #beat(): void {
    try {
      this.#events.beat();
      this.#sample();
    } catch {
      return;
    }
  }

  /** A training that never waits keeps the timer from running: then it is `log` that samples. */
  #sample(): void {
    const sample = this.#meter.sample();
    if (sample) this.#events.append({ type: "resources", t: Date.now(), ...sample });
  }

  #writable(verb: string): void {
    const { status } = this.#db.data;
    if (status !== "running") throw new Error(`run ${this.id} is ${status}; ${verb} needs a new run (store.startRun)`);
  }
}
