import { join } from "node:path";
import type { Point } from "../tracker/digest.js";
import type { RunEvent } from "../tracker/events.js";
import { LogTail } from "../tracker/logTail.js";
import { readRun } from "../tracker/runIndex.js";
import type { RunRecord } from "../tracker/runRecord.js";
import { WeightHistory } from "./weightHistory.js";

export type ResourceSample = Extract<RunEvent, { type: "resources" }>;

/** What a run has logged so far, in any process. Each look reads only what came since the last one. */
export class RunTail {
  readonly #log: LogTail;
  /** in order of first appearance; each in the order of logging */
  readonly metrics = new Map<string, Point[]>();
  readonly resources: ResourceSample[] = [];
  readonly weights: WeightHistory;

  /** @throws Error when the run's record is missing, damaged or newer */
  constructor({ id, folder }: Pick<RunRecord, "id" | "folder">) {
    const { schema } = readRun(join(folder, "run.json"));
    this.#log = new LogTail(join(folder, "events.jsonl"), { id, sealed: schema > 1 });
    this.weights = new WeightHistory({ folder });
  }

  /** @returns the new events */
  async look(): Promise<RunEvent[]> {
    let events: RunEvent[] = [];
    this.#log.look(
      (event) => events.push(event),
      () => {
        events = [];
        this.metrics.clear();
        this.resources.length = 0;
        this.weights.reset();
      },
    );
    for (const event of events) this.#take(event);
    await this.weights.look();
    return events;
  }

  #take(event: RunEvent): void {
    if (event.type === "resources") this.resources.push(event);
    if (event.type !== "metrics") return;
    for (const [name, value] of Object.entries(event.metrics)) {
      const points = this.metrics.get(name);
      if (points) points.push({ step: event.step, value });
      else this.metrics.set(name, [{ step: event.step, value }]);
    }
  }
}
