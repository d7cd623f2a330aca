import { renderSvg } from "./draw.js";
import { newPlotId, plotlyLoader, plotPlace, plotScript } from "./interactive.js";
import { showOutput, type MimeBundle } from "./kernelOutput.js";
import { screenSize } from "./theme.js";
import type { Figure } from "./types.js";

export { showTable } from "./table.js";

const EMPTY: MimeBundle = { "text/html": "" };
/** Least time between two redrawings of a live figure, ms. */
const THROTTLE_MS = 200;

let plotlySent = false;

/**
 * Shows a figure under the notebook's cell: a static picture (SVG, which stays in the saved notebook and is
 * what GitHub shows) that gives way to an interactive plot in JupyterLab. Without a Chromium to draw
 * the picture, its description stands in its place.
 *
 * @throws Error outside of a tslab notebook
 */
export async function show(figure: Figure): Promise<void> {
  sendPlotlyOnce();
  const id = newPlotId();
  showOutput(await staticPicture(figure));
  showOutput({ "text/html": plotPlace(id) + plotScript(figure, id, { hideBefore: true }) });
}

export interface LiveFigure {
  /** Draws the figure anew in place, at most every 200 ms; the last one is always drawn. */
  update(figure: Figure): void;
  /** Leaves the last figure as `show` would. */
  finish(): Promise<void>;
}

/**
 * A figure that changes in place while the cell runs.
 * The loop that calls `update` has to let the event loop turn between iterations (any `await` of I/O or a timer).
 *
 * @throws Error outside of a tslab notebook
 */
export function liveFigure(initial: Figure): LiveFigure {
  sendPlotlyOnce();
  const id = newPlotId();
  const place = showOutput({ "text/html": plotPlace(id), "text/plain": initial.alt });
  const script = showOutput({ "text/html": plotScript(initial, id) });
  let [latest, drawnAt] = [initial, performance.now()];
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    clearTimeout(timer);
    timer = undefined;
    drawnAt = performance.now();
    script.replace({ "text/html": plotScript(latest, id) });
  };
  return {
    update(figure) {
      latest = figure;
      const wait = drawnAt + THROTTLE_MS - performance.now();
      if (wait <= 0) draw();
      else timer ??= setTimeout(draw, wait);
    },
    async finish() {
      clearTimeout(timer);
      place.replace(await staticPicture(latest));
      const final = newPlotId();
      script.replace({ "text/html": plotPlace(final) + plotScript(latest, final, { hideBefore: true }) });
    },
  };
}

/** Plotly's text passes through an output that is emptied at once, so that it does not stay in the saved notebook. */
function sendPlotlyOnce(): void {
  if (plotlySent) return;
  showOutput({ "text/html": plotlyLoader() }).replace(EMPTY);
  plotlySent = true;
}

async function staticPicture(figure: Figure): Promise<MimeBundle> {
  try {
    const svg = await renderSvg(figure, screenSize);
    return { "image/svg+xml": withShortCoordinates(svg), "text/plain": figure.alt };
  } catch (error) {
    return { "text/plain": `${figure.alt}\n(No static picture: ${(error as Error).message})` };
  }
}

/** A tenth of a pixel is enough on a screen, and a sixth of the bytes less. */
const withShortCoordinates = (svg: string): string =>
  svg.replace(/ d="[^"]*"/g, (path) => path.replace(/\d+\.\d\d+/g, (n) => String(Math.round(Number(n) * 10) / 10)));
