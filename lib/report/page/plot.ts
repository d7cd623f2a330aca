import { crosshair } from "./crosshair.js";
import { h, s } from "./dom.js";
import { numberText } from "./format.js";
import type { Frame, Line, Plot } from "./marks.js";
import { extentOf, padded, scale } from "./scale.js";
import { pieces } from "./series.js";

/** A line plot that fits its width, with a crosshair for mouse and arrow keys. */
export function plot(spec: Plot): HTMLElement {
  const place = h("div", {
    class: "plot",
    tabindex: 0,
    role: "application",
    "aria-label": `${spec.title} over step, ${spec.lines.filter((line) => !line.faint).length} lines. Arrow keys read values.`,
  });
  const read = crosshair(place, spec);
  let drawn = 0;
  const fit = (): void => {
    const width = Math.round(place.clientWidth);
    if (width === drawn || width === 0) return;
    drawn = width;
    const frame = frameOf(spec, width);
    place.querySelector("svg:not(.swatch)")?.remove();
    if (frame) place.prepend(draw(spec, frame));
    else place.replaceChildren(h("p", { class: "empty" }, "no value that this scale can show"));
    read(frame);
  };
  new ResizeObserver(fit).observe(place);
  place.addEventListener("resize", fit); // asked for before printing, which does not wait for the observer
  return place;
}

function frameOf({ lines, kind, height, reference }: Plot, width: number): Frame | undefined {
  const every = lines.flatMap((l) => [l.values, ...(l.areas ?? []).flatMap((area) => [area.low, area.high])]);
  const numbers = every.flat().filter((v) => v !== null);
  const ys = extentOf(reference === undefined ? numbers : [...numbers, reference], kind);
  const xs = extentOf(
    lines.flatMap((line) => line.steps),
    "linear",
  );
  if (!xs || !ys) return undefined;
  const [top, bottom] = [10, height - 26];
  const y = scale(padded(ys, kind), [bottom, top], kind);
  const left = 14 + 7 * Math.max(...y.ticks.map((tick) => numberText(tick).length));
  const ends = Math.max(0, ...lines.map((line) => line.end?.length ?? 0));
  const right = width - (ends > 0 ? Math.min(18 + 6.6 * ends, width * 0.4) : 12);
  const x = scale(xs[0] < xs[1] ? xs : [xs[0] - 1, xs[0] + 1], [left, right], "linear");
  return { x, y, width, height, left, right, top, bottom };
}

function draw(spec: Plot, frame: Frame): SVGSVGElement {
  const { width, height } = frame;
  const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  svg.append(axes(frame));
  const { left, right, y } = frame;
  if (spec.reference !== undefined && y.shows(spec.reference)) {
    const at = y.at(spec.reference);
    svg.append(s("line", { class: "reference", x1: left, x2: right, y1: at, y2: at }));
  }
  const order = [...spec.lines].sort((a, b) => Number(b.faint ?? false) - Number(a.faint ?? false));
  for (const line of order) svg.append(drawLine(line, frame));
  svg.append(endLabels(spec.lines, frame));
  return svg;
}

function axes({ x, y, left, right, top, bottom }: Frame): SVGGElement {
  const group = s("g", { class: "axes" });
  for (const tick of y.ticks) {
    const at = y.at(tick);
    group.append(
      s("line", { x1: left, x2: right, y1: at, y2: at }),
      s("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, numberText(tick)),
    );
  }
  for (const tick of x.ticks) {
    group.append(s("text", { x: x.at(tick), y: bottom + 16, "text-anchor": "middle" }, numberText(tick)));
  }
  group.append(s("text", { x: left - 10, y: bottom + 16, "text-anchor": "end" }, "step"));
  group.append(s("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }));
  return group;
}

function drawLine(line: Line, frame: Frame): SVGGElement {
  const { x, y, top, bottom } = frame;
  const group = s("g", { class: `line ${line.look}${line.faint ? " faint" : ""}` });
  const point = (values: readonly (number | null)[]) => (i: number) =>
    `${x.at(line.steps[i]).toFixed(1)} ${y.at(values[i] as number).toFixed(1)}`;
  for (const { low, high } of line.areas ?? []) {
    // where mean − std ≤ 0 a logarithmic scale has no place for it: the area ends at the axis
    const edge = low.map((value) => (y.shows(value) ? Math.min(y.at(value), bottom) : bottom));
    for (const piece of pieces(high, y.shows)) {
      const back = [...piece].reverse().map((i) => `${x.at(line.steps[i]).toFixed(1)} ${edge[i].toFixed(1)}`);
      group.append(s("path", { class: "area", d: `M${piece.map(point(high)).join("L")}L${back.join("L")}Z` }));
    }
  }
  for (const piece of pieces(line.values, y.shows)) {
    if (piece.length > 1) group.append(s("path", { class: "curve", d: `M${piece.map(point(line.values)).join("L")}` }));
    else
      group.append(s("circle", { cx: x.at(line.steps[piece[0]]), cy: y.at(line.values[piece[0]] as number), r: 2.5 }));
  }
  line.values.forEach((value, i) => {
    if (value === null || Number.isFinite(value)) return;
    const at = x.at(line.steps[i]);
    const place = value === Infinity ? top + 4 : bottom - 4;
    const shape = Number.isNaN(value) ? "m-3-3 6 6m0-6-6 6" : value > 0 ? "m-4 3 4-6 4 6z" : "m-4-3 4 6 4-6z";
    group.append(s("path", { class: "odd", d: `M${at.toFixed(1)} ${place}${shape}` }));
  });
  return group;
}

/** Names at the lines' ends, pushed apart where they would overlap. */
function endLabels(lines: readonly Line[], { y, right, top, bottom, width }: Frame): SVGGElement {
  const group = s("g", { class: "ends" });
  const labels = lines.flatMap((line) => {
    const last = line.values.findLast((value) => value !== null && y.shows(value));
    return line.end === undefined || last === undefined || last === null ? [] : [{ line, want: y.at(last), at: 0 }];
  });
  labels.sort((a, b) => a.want - b.want);
  const gap = Math.min(14, (bottom - top) / Math.max(1, labels.length));
  labels.forEach((label, i) => (label.at = Math.max(label.want, i === 0 ? top : labels[i - 1].at + gap)));
  for (let i = labels.length - 1, limit = bottom; i >= 0; i--, limit -= gap)
    labels[i].at = Math.min(labels[i].at, limit);
  const room = Math.floor((width - right - 16) / 6.6);
  for (const { line, want, at } of labels) {
    const name = line.end as string;
    const text = name.length > room ? `${name.slice(0, Math.max(1, room - 1))}…` : name;
    group.append(
      s("path", { class: `leader ${line.look}`, d: `M${right + 1} ${want}L${right + 10} ${at}` }),
      s("text", { x: right + 13, y: at + 4 }, text),
    );
  }
  return group;
}
