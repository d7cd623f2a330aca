import type { ReportWeights, WeightSpread } from "../types.js";
import { h, labelled, s } from "./dom.js";
import { numberText } from "./format.js";
import { type Scale, scale } from "./scale.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [480, 190, 46, 168];

/** How the weights are spread at a step, which a slider moves through the snapshots. */
export function histogram({ steps }: ReportWeights, { histogram: counts, range }: WeightSpread): HTMLElement {
  const x = scale(range, [LEFT, WIDTH - 10], "linear");
  const picture = s("g");
  const slider = h("input", {
    type: "range",
    class: "histogram-step",
    min: 0,
    max: steps.length - 1,
    value: steps.length - 1,
    input: draw,
  });
  const said = h("output");

  function draw(): void {
    const t = Number(slider.value);
    const wide = (WIDTH - 10 - LEFT) / counts[t].length;
    const y = scale([0, Math.max(1, ...counts[t])], [BOTTOM, 8], "linear");
    const bars = counts[t].map((count, bin) =>
      s("rect", { x: LEFT + bin * wide + 0.5, width: wide - 1, y: y.at(count), height: BOTTOM - y.at(count) }),
    );
    picture.replaceChildren(axes(x, y), s("g", { class: "bars" }, ...bars));
    said.textContent = numberText(steps[t]);
    slider.setAttribute("aria-valuetext", `step ${steps[t]}`);
  }
  draw();
  const svg = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "histogram", role: "img", "aria-label": "Histogram of the weights" },
    picture,
  );
  return h(
    "div",
    {},
    h("h3", {}, "Entries per weight"),
    h("div", { class: "bar" }, h("span", { class: "range" }, labelled("Step", slider), said)),
    svg,
  );
}

function axes(x: Scale, y: Scale): SVGGElement {
  return s(
    "g",
    { class: "axes" },
    ...y.ticks.flatMap((tick) => [
      s("line", { x1: LEFT, x2: WIDTH - 10, y1: y.at(tick), y2: y.at(tick) }),
      s("text", { x: LEFT - 6, y: y.at(tick) + 4, "text-anchor": "end" }, numberText(tick)),
    ]),
    ...x.ticks.map((tick) => s("text", { x: x.at(tick), y: BOTTOM + 16, "text-anchor": "middle" }, numberText(tick))),
  );
}
