import { h, s } from "./dom.js";
import { numberText } from "./format.js";
import { type Frame, type Line, type Plot, swatch } from "./marks.js";

const ROWS = 12;

/**
 * A readout of the lines at a step: under the mouse, or moved with ← → Home End while the plot has the focus.
 *
 * @returns to be called with each new frame of the plot
 */
export function crosshair(place: HTMLElement, { lines, title }: Plot): (frame: Frame | undefined) => void {
  const read = lines.filter((line) => !line.faint);
  const steps = [...new Set(read.flatMap((line) => line.steps))].sort((a, b) => a - b);
  const box = h("div", { class: "readout", hidden: true, "aria-hidden": "true" });
  const spoken = h("div", { class: "hidden", "aria-live": "polite" });
  const rule = s("line", { class: "rule" });
  let frame: Frame | undefined;
  let at = -1;

  const show = (index: number, speak: boolean): void => {
    if (!frame || steps.length === 0) return;
    at = Math.min(steps.length - 1, Math.max(0, index));
    const x = frame.x.at(steps[at]);
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: frame.top, y2: frame.bottom }))
      rule.setAttribute(name, String(value));
    place.querySelector("svg:not(.swatch)")?.append(rule);
    const readings = readingsAt(read, steps[at]);
    const first = readings.slice(0, ROWS).map((reading) => {
      const text = reading.at === steps[at] ? "" : `, step ${numberText(reading.at)}`;
      return { look: reading.line.look, label: reading.line.label + text, value: numberText(reading.value) };
    });
    const items = first.map(({ look, label, value }) =>
      h("li", {}, swatch(look), h("span", {}, label), h("b", {}, value)),
    );
    const more = readings.length > ROWS ? [h("li", {}, `… and ${readings.length - ROWS} more`)] : [];
    box.replaceChildren(h("p", {}, `step ${numberText(steps[at])}`), h("ul", {}, ...items, ...more));
    box.hidden = false;
    const room = frame.width - x;
    box.style.left = room > box.offsetWidth + 14 ? `${x + 12}px` : `${Math.max(0, x - box.offsetWidth - 12)}px`;
    if (!speak) return;
    spoken.textContent = `${title}, step ${steps[at]}: ${first.map(({ label, value }) => `${label} ${value}`).join("; ")}`;
  };
  const hide = (): void => {
    box.hidden = true;
    rule.remove();
  };

  place.append(box, spoken);
  place.addEventListener("pointermove", ({ clientX }) => {
    if (!frame) return;
    const x = clientX - place.getBoundingClientRect().left;
    show(nearest(steps, x, frame), false);
  });
  place.addEventListener("pointerleave", hide);
  place.addEventListener("blur", hide);
  place.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round(steps.length / 20));
    const jump = event.shiftKey ? far : 1;
    const target = { ArrowLeft: at - jump, ArrowRight: at + jump, Home: 0, End: steps.length - 1 }[event.key];
    if (event.key === "Escape") hide();
    if (target === undefined) return;
    event.preventDefault();
    show(target, true);
  });
  return (next) => {
    frame = next;
    hide();
  };
}

interface Reading {
  readonly line: Line;
  readonly value: number;
  /** where the line has this value: thinned lines have theirs at different steps */
  readonly at: number;
}

/** Of each line that reaches the step its nearest value; greatest first, what is not finite last. */
function readingsAt(lines: readonly Line[], step: number): Reading[] {
  const readings = lines.flatMap((line): Reading[] => {
    const logged = line.steps.flatMap((at, i) => {
      const value = line.values[i];
      return value === null ? [] : [{ line, value, at }];
    });
    if (logged.length === 0 || step < logged[0].at || step > logged[logged.length - 1].at) return [];
    return [logged.reduce((best, next) => (Math.abs(next.at - step) < Math.abs(best.at - step) ? next : best))];
  });
  const key = (value: number): number => (Number.isNaN(value) ? -Infinity : value);
  return readings.sort((a, b) => key(b.value) - key(a.value));
}

function nearest(steps: readonly number[], x: number, frame: Frame): number {
  let best = 0;
  steps.forEach((step, i) => {
    if (Math.abs(frame.x.at(step) - x) < Math.abs(frame.x.at(steps[best]) - x)) best = i;
  });
  return best;
}
