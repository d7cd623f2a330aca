import { Format, Presets, SingleBar } from "cli-progress";

export interface Progress {
  readonly update: (done: number, values: Readonly<Record<string, number | string>>) => void;
  readonly stop: () => void;
}

/** longest silence where there is no terminal */
const SILENCE_MS = 60_000;

/**
 * A bar with rate and time left on a terminal; elsewhere a line per tenth, and every minute. On stderr, so that stdout
 * stays data.
 */
export function progress(label: string, total: number, { quiet = false } = {}): Progress {
  if (quiet) return { update: () => undefined, stop: () => undefined };
  const started = performance.now();
  const rate = (done: number) => {
    const seconds = Math.max(1, performance.now() - started) / 1000 / done;
    return seconds > 1 ? `${seconds.toPrecision(2)} s each` : `${Math.round(1 / seconds)}/s`;
  };
  const shown = (values: Readonly<Record<string, number | string>>) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${typeof value === "number" ? value.toPrecision(3) : value}`)
      .join("  ");
  if (!process.stderr.isTTY) {
    let [tenth, told] = [0, started];
    return {
      update(done, values) {
        const now = performance.now();
        if (Math.floor((10 * done) / total) === tenth && now - told < SILENCE_MS) return;
        [tenth, told] = [Math.floor((10 * done) / total), now];
        process.stderr.write(`${label}  ${done}/${total}  ${rate(done)}  ${shown(values)}`.trimEnd() + "\n");
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
        `${label} ${Format.BarFormat(progress, options)} ${value}/${total}  ${rate(value)}  ${Math.ceil(eta)} s left  ${payload.text ?? ""}`,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done, values) => bar.update(done, { text: shown(values) }), stop: () => bar.stop() };
}
