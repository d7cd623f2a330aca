/** What a report holds: the contract between the writer (`lib/report`) and the page's script (`lib/report/page`). */
export interface ReportData {
  readonly title: string;
  /** the store's folder */
  readonly store?: string;
  /** the query that chose the runs */
  readonly query?: string;
  /** ISO 8601, UTC: everything on the page is as of then */
  readonly createdAt: string;
  readonly runs: readonly ReportRun[];
  /** runs that differ in the seed alone share one; in order of first appearance */
  readonly configs: readonly ReportConfig[];
  readonly curves: readonly ReportCurve[];
}

export type ReportCell = string | number | boolean | null;

export interface ReportRun {
  readonly id: string;
  readonly name: string;
  readonly group?: string;
  readonly tags: readonly string[];
  readonly status: string;
  readonly reason?: string;
  readonly seed?: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly wallMs: number;
  /** index into `configs` */
  readonly config: number;
  /** by dotted path; arrays as JSON */
  readonly params: Readonly<Record<string, ReportCell>>;
  readonly summary: Readonly<Record<string, ReportCell>>;
  /** of each logged metric */
  readonly digests: Readonly<Record<string, ReportDigest>>;
  /** titled lists of named texts: the run, its environment, data files, artifacts */
  readonly facts: readonly FactList[];
  /** free text; "" when there is none */
  readonly remarks: string;
  /** lines logged while it ran; t in ms since epoch */
  readonly notes: readonly { readonly t: number; readonly text: string }[];
  /** message and stack */
  readonly error?: string;
  /** what was damaged in the run's files and is left out here */
  readonly problems: readonly string[];
  readonly weights?: ReportWeights;
}

export interface FactList {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, text: string])[];
}

/** The last and the extreme values of a logged metric. */
export interface ReportDigest {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

export interface ReportConfig {
  /** the name, with the parameters that tell apart configurations of the same name */
  readonly label: string;
  readonly name: string;
  /** how many runs, and how many of them did not finish */
  readonly runs: number;
  readonly unfinished: number;
  /** the parameters that differ in the report, the seed aside */
  readonly params: Readonly<Record<string, ReportCell>>;
  readonly metrics: Readonly<Record<string, ReportSpread>>;
}

export interface ReportSpread {
  readonly mean: number;
  readonly std: number | null;
  /** 95 % bootstrap interval of the mean */
  readonly interval: readonly [low: number, high: number] | null;
  /** runs with a finite value */
  readonly n: number;
  /** runs whose value is NaN or infinite; absent: none */
  readonly diverged?: number;
}

/** One metric of the runs of one configuration, at the steps that are shown. */
export interface ReportCurve {
  readonly metric: string;
  readonly config: number;
  /** ascending, [n] */
  readonly steps: readonly number[];
  readonly runs: readonly RunCurve[];
}

export interface RunCurve {
  /** index into `runs` */
  readonly run: number;
  /** [n]; null: nothing logged at that step; NaN and ±Infinity as logged */
  readonly values: readonly (number | null)[];
  /** how many values were logged, and how many of `values` are among them */
  readonly points: number;
  readonly shown: number;
}

/** K entries over the T snapshots that are shown. */
export interface ReportWeights {
  readonly entries: number;
  readonly snapshots: number;
  /** [T] */
  readonly steps: readonly number[];
  /** all entries where they are few; else the heaviest and the lightest of the last snapshot */
  readonly rows: readonly WeightRow[];
  /** where `rows` are not all: how the entries are spread; or why that cannot be told */
  readonly spread?: WeightSpread;
  readonly problem?: string;
}

export interface WeightRow {
  readonly name: string;
  /** 1 = heaviest at the last snapshot */
  readonly rank: number;
  /** [T] */
  readonly values: readonly number[];
  /** what the entry stands for, such as a data row's problem */
  readonly text?: string;
}

export interface WeightSpread {
  /** the 5, 25, 50, 75 and 95 % quantiles, each [T] */
  readonly quantiles: readonly (readonly number[])[];
  /** counts per snapshot and bin, [T][bins], over `range` */
  readonly histogram: readonly (readonly number[])[];
  readonly range: readonly [number, number];
}
