import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { max, min, sum } from "simple-statistics";
import writeFileAtomic from "write-file-atomic";
import { unwritable } from "../adapter.js";
import type { AlphaSeries } from "../alpha/series.js";
import type { RunEvent } from "../events.js";
import { flatten, type Plain, stringify } from "../plain.js";
import type { RunRecord } from "../runRecord.js";
import { double, doubles, float, int, message, text } from "./protobuf.js";
import { tfRecord } from "./tfrecord.js";

/** Up to so many weights are scalars of their own; more are one histogram per snapshot. */
const SCALARS = 100;
const BUCKETS = 30;
const DT_STRING = 7;

/**
 * Writes a run as a TensorBoard event file into `folder`, which becomes the run's name in TensorBoard: metrics as
 * scalars under their own names with the times they were logged at, weights as `alpha/NAME` (up to 100 entries, else as
 * the histogram `alpha`), notes as text, parameters and status for the HPARAMS tab. Writing it again replaces the file.
 * TensorBoard keeps values as float32. Weight snapshots have the time of the last metrics logged up to their step.
 *
 * @returns the file's path
 * @throws RangeError naming a step that is no whole number, which TensorBoard cannot hold
 * @example
 * await writeTensorBoard(await store.read(id), "tensorboard/domain-table-seed-1");
 */
export async function writeTensorBoard(record: RunRecord, folder: string): Promise<string> {
  const seconds = Math.floor(Date.parse(record.startedAt) / 1000);
  const file = join(folder, `events.out.tfevents.${String(seconds).padStart(10, "0")}.${record.id}`);
  const [events, weights] = [await record.events(), await record.weights()];
  const messages = [
    event(Date.parse(record.startedAt), 0, text(3, "brain.Event:2")),
    sessionStart(record),
    ...logged(record, events),
    ...snapshots(record, events, weights),
    sessionEnd(record),
  ];
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(file, Buffer.concat(messages.map(tfRecord)));
  } catch (error) {
    throw unwritable(file, error);
  }
  return file;
}

function* logged(record: RunRecord, events: readonly RunEvent[]): Generator<Buffer> {
  let lastStep = 0;
  for (const item of events) {
    if (item.type === "metrics") {
      lastStep = whole(item.step, record.id);
      const values = Object.entries(item.metrics).map(([name, value]) => scalar(name, value));
      yield event(item.t, lastStep, summary(values));
    } else if (item.type === "note") {
      yield event(item.t, lastStep, summary([note(item.text)]));
    }
  }
}

function* snapshots(record: RunRecord, events: readonly RunEvent[], weights: AlphaSeries): Generator<Buffer> {
  const byStep = events.filter((e) => e.type === "metrics").sort((a, b) => a.step - b.step);
  let [next, t] = [0, Date.parse(record.startedAt)];
  for (const [row, step] of weights.steps.entries()) {
    for (; next < byStep.length && byStep[next].step <= step; next++) t = byStep[next].t;
    const values = weights.values.subarray(row * weights.names.length, (row + 1) * weights.names.length);
    const alpha =
      values.length <= SCALARS
        ? weights.names.map((name, k) => scalar(`alpha/${name}`, values[k]))
        : [message(1, text(1, "alpha"), message(5, ...histogram(values)))];
    yield event(t, whole(step, record.id), summary(alpha));
  }
}

function whole(step: number, run: string): number {
  if (Number.isSafeInteger(step)) return step;
  throw new RangeError(
    `run ${run} has step ${step}; TensorBoard takes whole numbers only: export it as CSV or Parquet`,
  );
}

/** @param t  ms since epoch */
const event = (t: number, step: number, content: Buffer): Buffer =>
  Buffer.concat([double(1, t / 1000), int(2, step), content]);

const summary = (values: readonly Buffer[]): Buffer => message(5, ...values);

const scalar = (tag: string, value: number): Buffer => message(1, text(1, tag), float(2, value));

/** Summary metadata: which of TensorBoard's plugins shows the value. */
const plugin = (name: string, content: Uint8Array = Buffer.alloc(0)): Buffer =>
  message(9, message(1, text(1, name), text(2, content)));

const note = (content: string): Buffer =>
  message(
    1,
    text(1, "notes"),
    plugin("text"),
    message(8, int(1, DT_STRING), message(2, message(2, int(1, 1))), text(8, content)),
  );

/** Over the finite values; each bucket ends at its limit, the last one at the maximum. */
function histogram(weights: Float32Array): Buffer[] {
  const values = Array.from(weights).filter(Number.isFinite);
  if (values.length === 0) return [];
  const [low, high] = [min(values), max(values)];
  const width = (high - low) / BUCKETS;
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const value of values) counts[width > 0 ? Math.min(BUCKETS - 1, Math.floor((value - low) / width)) : 0]++;
  const limits = counts.map((_, b) => (b === BUCKETS - 1 ? high : low + (b + 1) * width));
  return [
    double(1, low),
    double(2, high),
    double(3, values.length),
    double(4, sum(values)),
    double(5, sum(values.map((value) => value * value))),
    doubles(6, limits),
    doubles(7, counts),
  ];
}

/** The HPARAMS tab's record of a run's beginning; without a group name, for runs of one group it takes as repetitions. */
function sessionStart({ params, startedAt }: RunRecord): Buffer {
  const entries = Object.entries(flatten(params)).filter(([, value]) => value !== null);
  const fields = [
    ...entries.map(([path, value]) => message(1, text(1, path), message(2, hparam(value)))),
    double(5, Date.parse(startedAt) / 1000),
  ];
  return event(Date.parse(startedAt), 0, session("_hparams_/session_start_info", message(3, ...fields)));
}

function sessionEnd({ status, startedAt, endedAt }: RunRecord): Buffer {
  const t = Date.parse(endedAt ?? startedAt);
  const code = status === "finished" ? 1 : status === "running" ? 3 : 2;
  const end = endedAt === undefined ? [] : [double(2, t / 1000)];
  return event(t, 0, session("_hparams_/session_end_info", message(4, int(1, code), ...end)));
}

const session = (tag: string, content: Buffer): Buffer =>
  summary([message(1, text(1, tag), plugin("hparams", content))]);

/** google.protobuf.Value */
function hparam(value: Plain): Buffer {
  if (typeof value === "number") return double(2, value);
  if (typeof value === "boolean") return int(4, Number(value));
  return text(3, typeof value === "string" ? value : stringify(value));
}
