import type { RunEvent } from "../../tracker/events.js";
import type { RunSummary } from "../../tracker/runRecord.js";
import type { RunTail } from "../../views/runTail.js";
import { FRACTIONS, MOST_LINES } from "../../views/weightHistory.js";
import { durationText, numberText } from "../table.js";
import { bytesText } from "../../core/bytesText.js";

/** A run as plain lines: at the first look the last events, then of each look the newest values, and all notes. */
export class TailLines {
  readonly #history: number;
  #isFirst = true;
  #snapshots = 0;

  /** @param history  lines of what was logged before */
  constructor(history: number) {
    this.#history = history;
  }

  /** @param events  the new ones */
  lines(run: RunSummary, { weights }: RunTail, events: readonly RunEvent[]): string[] {
    const open = events.filter((event) => event.type !== "status" || event.status === "running"); // the end has its own line
    const told = this.#isFirst ? open.slice(open.length - Math.min(this.#history, open.length)) : merged(open);
    const lines = told.map(eventText);
    if (weights.steps.length > this.#snapshots) lines.push(weightText(weights));
    this.#snapshots = weights.steps.length;
    if (this.#isFirst) lines.unshift(`${run.id}  ${run.name}`);
    this.#isFirst = false;
    if (run.status !== "running") lines.push(`${run.status} after ${durationText(run.wallMs)}${reason(run)}`);
    return lines;
  }
}

/** The newest value of each metric and the newest resources in place of all; whatever else there is. */
function merged(events: readonly RunEvent[]): RunEvent[] {
  const metrics = events.filter((event) => event.type === "metrics");
  const newest = metrics.at(-1);
  const resources = events.filter((event) => event.type === "resources").slice(-1);
  const others = events.filter((event) => event.type === "note" || event.type === "status");
  const values: Record<string, number> = {};
  for (const event of metrics) Object.assign(values, event.metrics);
  return [...(newest ? [{ ...newest, metrics: values }] : []), ...resources, ...others];
}

function eventText(event: RunEvent): string {
  const time = new Date(event.t).toISOString().slice(11, 19);
  return `${time}  ${content(event)}`;
}

function content(event: RunEvent): string {
  switch (event.type) {
    case "metrics":
      return [`step ${event.step}`, ...Object.entries(event.metrics).map((m) => `${m[0]} ${numberText(m[1])}`)].join("  "); // prettier-ignore
    case "note":
      return `note: ${event.text}`;
    case "resources": {
      const tensors = event.tensors === undefined ? "" : `  tensors ${event.tensors}`;
      return `CPU ${numberText(event.cpuPercent)} %  memory ${bytesText(event.rssBytes)}${tensors}`;
    }
    case "status":
      return `${event.status}${event.step === undefined ? "" : ` from step ${event.step}`}${reason(event)}`;
  }
}

const reason = (from: { readonly reason?: string }): string => (from.reason === undefined ? "" : ` (${from.reason})`);

function weightText({ entries, names, steps, rows }: RunTail["weights"]): string {
  const last = rows[rows.length - 1];
  const labels = entries <= MOST_LINES ? names : [...FRACTIONS.map((fraction) => `${fraction * 100} % below`), "mean"];
  const values = labels.map((label, k) => `${label} ${numberText(last[k])}`);
  return `weights at step ${steps[steps.length - 1]}: ${values.join("  ")}`;
}
