import type { ReportData, ReportRun } from "../types.js";
import { look } from "./marks.js";

/** What the reader chose; the views listen to it. */
export interface Model {
  readonly data: ReportData;
  /** indices of runs, in the report's order */
  readonly selected: () => number[];
  readonly select: (runs: Iterable<number>, on: boolean) => void;
  /** the run of the views that show a single one */
  readonly current: () => number;
  readonly setCurrent: (run: number) => void;
  /** curves are means over seeds: runs look like their configurations then */
  readonly averaged: () => boolean;
  readonly setAveraged: (on: boolean) => void;
  /** of a run's line; stays with the run, or its configuration, whatever else is selected */
  readonly lookOf: (run: number) => string;
  readonly onChange: (listener: () => void) => void;
}

/** At first so many runs are selected, the first ones of the report. */
const AT_FIRST = 12;

export function newModel(data: ReportData): Model {
  const chosen = new Set(data.runs.slice(0, AT_FIRST).keys());
  const listeners: (() => void)[] = [];
  const changed = (): void => listeners.forEach((listener) => listener());
  let current = 0;
  let averaged = data.configs.some(({ runs }) => runs > 1);
  return {
    data,
    selected: () => [...chosen].sort((a, b) => a - b),
    select: (runs, on) => {
      for (const run of runs)
        if (on) chosen.add(run);
        else chosen.delete(run);
      changed();
    },
    current: () => current,
    setCurrent: (run) => {
      current = run;
      changed();
    },
    averaged: () => averaged,
    setAveraged: (on) => {
      averaged = on;
      changed();
    },
    lookOf: (run) => look(averaged ? data.runs[run].config : run),
    onChange: (listener) => void listeners.push(listener),
  };
}

/** The name; where others share it with the seed, and with the end of the id where that does not tell them apart either. */
export function runLabels({ runs }: ReportData): string[] {
  const seeded = ({ name, seed }: ReportRun): string => (seed === undefined ? name : `${name} · seed ${seed}`);
  const times = new Map<string, number>();
  for (const run of runs) {
    for (const label of new Set([run.name, seeded(run)])) times.set(label, (times.get(label) ?? 0) + 1);
  }
  return runs.map((run) => {
    if (times.get(run.name) === 1) return run.name;
    return times.get(seeded(run)) === 1 ? seeded(run) : `${seeded(run)} · ${run.id.slice(-8)}`;
  });
}
