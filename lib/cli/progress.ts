import { Format, Presets, SingleBar } from "cli-progress";

export interface Progress {
  readonly update: (done: number, values: Readonly<Record<string, number | string>>) => void;
  readonly stop: () => void;
}

/** A bar with rate and time left on a terminal; one line per tenth elsewhere. On stderr, so that stdout stays data. */
export function progress(label: string, total: number, { quiet = false } = {}): Progress {
  if (quiet) return { update: () => undefined, stop: () => undefined };
  const started = performance.now();
  const rate = (done: number) => ((done * 1000) / Math.max(1, performance.now() - started)).toFixed(0);
  const shown = (values: Readonly<Record<string, number | string>>) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${typeof value === "number" ? value.toPrecision(3) : value}`)
      .join("  ");
  if (!process.stderr.isTTY) {
    let tenth = 0;
    return {
      update(done, values) {
        if (Math.floor((10 * done) / total) === tenth) return;
        tenth = Math.floor((10 * done) / total);
        process.stderr.write(`${label}  ${done}/${total}  ${rate(done)}/s  ${shown(values)}\n`);
      },
      stop: () => undefined,
    };
  }
  const bar = new SingleBar(
    {
      stream: process.stderr,
      hideCursor: true,
      fps: 8,
      format: (options, { progress, value, total, eta }, payload: { text?: string }) =>
        `${label} ${Format.BarFormat(progress, options)} ${value}/${total}  ${rate(value)}/s  ${Math.ceil(eta)} s left  ${payload.text ?? ""}`,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done, values) => bar.update(done, { text: shown(values) }), stop: () => bar.stop() };
}
