import { okabeIto } from "../figures/theme.js";

/**
 * Colours of lines on white and on dark: Okabe and Ito's, of which two are too weak on white and one is not seen on
 * dark; those are deepened, or turned round.
 */
const onWhite = okabeIto.map((color) => ({ "#56B4E9": "#2E8FC7", "#E69F00": "#B77E00" })[color as string] ?? color);
const onDark = okabeIto.map((color) => ({ "#0072B2": "#3C96CF", "#000000": "#E8E8E8" })[color as string] ?? color);

const lineColors = onWhite.map((color, i) => `--c${i}: light-dark(${color}, ${onDark[i]});`).join(" ");
const looks = onWhite.map((_, i) => `.c${i} { --c: var(--c${i}); }`).join("\n");
const dashes = ["none", "7 4", "2 3", "8 3 2 3", "12 4", "12 3 2 3"]
  .map((dash, i) => `.d${i} > .curve { stroke-dasharray: ${dash}; }`)
  .join("\n");

export const style = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fff, #15181d);
  --ink: light-dark(#1b1f24, #e3e6ea);
  --soft: light-dark(#57606a, #a0a9b4);
  --rule: light-dark(#d8dde3, #343a43);
  --grid: light-dark(#e9ecef, #272c33);
  --wash: light-dark(#f5f7f9, #1c2027);
  --pick: light-dark(#e8f1f9, #1d2c3a);
  --accent: light-dark(#005c8f, #6bb8ea);
  --good: light-dark(#00684b, #3cc79a);
  --bad: light-dark(#a63f00, #ff9157);
  --warn: light-dark(#7a5200, #e8b13f);
  ${lineColors}
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  color: var(--ink);
  background: var(--paper);
  accent-color: var(--accent);
}
${looks}
${dashes}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 24px 48px; max-width: 1440px; }
h1 { font-size: 24px; font-weight: 650; letter-spacing: -0.01em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; font-weight: 650; margin: 0 0 8px; }
h3 { font-size: 15px; font-weight: 650; margin: 20px 0 6px; overflow-wrap: anywhere; }
h4 { font-size: 14px; font-weight: 650; margin: 0 0 8px; }
p { margin: 0; }
[hidden] { display: none !important; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; padding: 4px 12px; background: var(--paper); z-index: 9; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
header { display: grid; grid-template-columns: 1fr auto; gap: 2px 16px; padding: 28px 0 20px; }
header p { color: var(--soft); overflow-wrap: anywhere; grid-column: 1; }
.theme { grid-area: 1 / 2 / 3 / 3; align-self: start; }
main { display: grid; gap: 28px; grid-template-columns: minmax(0, 1fr); }
button, input, select, summary { font: inherit; color: inherit; }
button, select, .menu > summary, input[type="search"] {
  padding: 4px 12px; border: 1px solid var(--rule); border-radius: 6px; background: var(--paper);
}
button, summary { cursor: pointer; }
button:hover, .menu > summary:hover { border-color: var(--soft); }
select { min-width: 0; max-width: 100%; padding: 4px 8px; }
#filter { flex: 1 1 240px; min-width: 0; max-width: 560px; }
[aria-invalid="true"] { border-color: var(--bad) !important; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 18px; margin-bottom: 8px; }
.bar label { display: inline-flex; align-items: center; gap: 6px; max-width: 100%; }
.bar input[type="search"]:not(#filter) { width: 150px; }
[role="search"] { gap: 8px 10px; }
.range { display: inline-flex; align-items: center; gap: 8px; }
.range output { min-width: 3.5ch; font-variant-numeric: tabular-nums; color: var(--soft); }
input[type="range"] { width: 130px; }
kbd {
  border: 1px solid var(--rule); border-radius: 4px; padding: 0 6px; font: 12px/1.6 ui-monospace, monospace;
  color: var(--soft);
}
#matches { color: var(--soft); margin-bottom: 8px; font-variant-numeric: tabular-nums; }
.menu { position: relative; }
.menu > summary { list-style: none; }
.menu > summary::after { content: " ▾"; color: var(--soft); }
.menu > div {
  position: absolute; right: 0; z-index: 5; display: grid; gap: 8px; margin-top: 4px; padding: 12px 14px;
  width: max-content; max-width: min(420px, calc(100vw - 48px)); max-height: 60vh; overflow: auto;
  background: var(--paper); border: 1px solid var(--rule); border-radius: 8px;
  box-shadow: 0 8px 28px rgb(0 0 0 / 18%);
}
.menu fieldset { border: 0; margin: 0; padding: 0; }
.menu legend { padding: 0; font-size: 13px; color: var(--soft); }
.menu label { display: flex; gap: 6px; overflow-wrap: anywhere; }
.scroll { overflow: auto; max-width: 100%; border: 1px solid var(--rule); border-radius: 8px; }
table {
  border-collapse: separate; border-spacing: 0; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums;
}
th, td {
  padding: 5px 12px; text-align: left; vertical-align: top; white-space: nowrap; border-bottom: 1px solid var(--grid);
}
tbody tr:last-child > * { border-bottom: 0; }
th { font-weight: 550; }
thead th, thead td {
  color: var(--soft); background: var(--wash); border-bottom: 1px solid var(--rule); vertical-align: bottom;
}
.number { text-align: right; }
td.text { max-width: 32ch; overflow: hidden; text-overflow: ellipsis; }
td.long { white-space: normal; min-width: 24ch; overflow-wrap: anywhere; }
.runs { width: auto; min-width: 100%; }
.scroll:has(> .runs) { max-height: 60vh; }
.runs thead { position: sticky; top: 0; z-index: 2; }
.runs thead th { padding: 0; }
.runs thead button {
  width: 100%; border: 0; border-radius: 0; background: none; padding: 6px 12px; text-align: inherit;
  font-weight: 550; white-space: nowrap;
}
.runs thead button::after { content: " ↕"; opacity: 0; }
.runs thead button:hover::after { opacity: 0.6; }
.runs [aria-sort="ascending"] button::after { content: " ↑"; opacity: 1; }
.runs [aria-sort="descending"] button::after { content: " ↓"; opacity: 1; }
.runs thead button:focus-visible { outline-offset: -2px; }
.runs .pick { padding: 5px 0 5px 12px; width: 1px; vertical-align: middle; }
.runs tbody th { white-space: nowrap; }
.runs .swatch { display: none; }
.runs .selected .swatch { display: inline-block; }
.selected > * { background: var(--pick); }
.name {
  max-width: 30ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom;
  border: 0; padding: 0; background: none; font-weight: 550; text-align: left; color: var(--accent);
  border-radius: 2px;
}
.name:hover { text-decoration: underline; }
.compare th[scope="col"] { white-space: normal; overflow-wrap: anywhere; max-width: 22ch; }
.compare thead .swatch { margin: 0; }
.compare th[scope="row"], .seeds th[scope="row"] {
  position: sticky; left: 0; background: var(--paper); white-space: normal; overflow-wrap: anywhere; min-width: 20ch;
}
.compare td { white-space: normal; overflow-wrap: anywhere; min-width: 16ch; }
thead th[scope="row"] { background: var(--wash); }
small { display: block; font-size: 12px; color: var(--soft); }
.differs > * { background: var(--pick) !important; }
.swatch { vertical-align: middle; margin-right: 8px; flex: none; }
.status { display: inline-flex; vertical-align: bottom; align-items: center; gap: 5px; color: var(--ink); font-weight: 450; }
.status path { fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.status.finished svg { color: var(--good); }
.status.running svg { color: var(--accent); }
.status.failed svg, .status.crashed svg { color: var(--bad); }
.status.crashed path { fill: currentcolor; stroke-width: 1; }
.status.interrupted svg { color: var(--warn); }
[role="tablist"] {
  display: flex; gap: 4px; border-bottom: 1px solid var(--rule); margin-bottom: 14px; overflow-x: auto;
  padding: 3px 3px 0;
}
[role="tab"] {
  border: 0; border-bottom: 3px solid transparent; border-radius: 4px 4px 0 0; padding: 6px 14px; background: none;
  color: var(--soft); font-weight: 550;
}
[role="tab"][aria-selected="true"] { color: var(--ink); border-bottom-color: var(--accent); }
[role="tabpanel"]:focus { outline: none; }
.cards { display: grid; gap: 16px; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); }
.card { border: 1px solid var(--rule); border-radius: 8px; padding: 12px 14px; min-width: 0; }
.card > h3 { margin: 0 0 4px; }
.cards > div { min-width: 0; }
.legend {
  list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 12px; padding: 0; font-size: 14px;
}
.legend li { display: inline-flex; align-items: center; overflow-wrap: anywhere; }
.fine { color: var(--soft); font-size: 13px; margin-top: 4px; }
.empty { color: var(--soft); padding: 24px 0; }
.plot { position: relative; border-radius: 4px; touch-action: pan-y; }
.plot > svg { display: block; overflow: visible; }
.axes line { stroke: var(--grid); }
.axes text, .ends text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.ends text { fill: var(--ink); }
.axis { fill: none; stroke: var(--soft); }
.curve { fill: none; stroke: var(--c); stroke-width: 1.6; stroke-linejoin: round; }
.line circle { fill: var(--c); }
.area { fill: var(--c); opacity: 0.16; }
.faint .curve { stroke-width: 1; opacity: 0.35; stroke-dasharray: none; }
.faint circle { opacity: 0.35; }
.odd { fill: none; stroke: var(--c); stroke-width: 1.6; }
.leader { fill: none; stroke: var(--c); }
.reference { stroke: var(--soft); stroke-dasharray: 1 4; stroke-linecap: round; }
.rule { stroke: var(--soft); stroke-width: 1; }
.bars rect { fill: var(--c0); }
.histogram { width: 100%; max-width: 520px; display: block; }
.readout {
  position: absolute; top: 12px; z-index: 3; max-width: min(340px, 90%); padding: 6px 10px; pointer-events: none;
  font-size: 13px; background: var(--paper); border: 1px solid var(--rule); border-radius: 6px;
  box-shadow: 0 4px 16px rgb(0 0 0 / 16%);
}
.readout ul { list-style: none; margin: 0; padding: 0; }
.readout li { display: flex; align-items: center; gap: 4px; white-space: nowrap; }
.readout span { overflow: hidden; text-overflow: ellipsis; }
.readout b { margin-left: auto; padding-left: 12px; font-weight: 550; font-variant-numeric: tabular-nums; }
.readout p { color: var(--soft); }
dl {
  display: grid; grid-template-columns: minmax(0, max-content) minmax(0, 1fr); gap: 4px 16px; margin: 0;
  font-size: 14px;
}
dt { color: var(--soft); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
pre {
  margin: 6px 0 0; padding: 10px 12px; overflow: auto; max-height: 50vh;
  font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; background: var(--wash);
  border-radius: 6px;
}
.error { border-left: 3px solid var(--bad); }
section.error { padding-left: 12px; margin: 14px 0; }
.remarks { white-space: pre-wrap; overflow-wrap: anywhere; margin-bottom: 6px; }
.notes { padding-left: 18px; margin: 0 0 16px; overflow-wrap: anywhere; }
time { color: var(--soft); font-variant-numeric: tabular-nums; }
[role="tabpanel"] > div > section { margin: 16px 0; }
[role="tabpanel"] pre.error { margin: 10px 0 16px; }
@media (max-width: 640px) {
  body { padding: 0 14px 32px; }
  header { padding: 18px 0 14px; }
  [role="tablist"] { gap: 0; }
  [role="tab"] { padding: 6px 8px; font-size: 14px; }
  .name { max-width: 17ch; }
  .compare th[scope="row"], .seeds th[scope="row"] { min-width: 13ch; max-width: 16ch; }
  .card { padding: 10px; }
  .menu > div { left: 0; right: auto; }
  kbd { display: none; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
}
@media print {
  :root { color-scheme: light !important; font-size: 11px; }
  .theme, .bar, .skip, .readout, [role="tablist"], .pick { display: none !important; }
  .scroll { max-height: none !important; overflow: visible; border: 0; }
  [role="tabpanel"]::before { content: attr(data-title); font-weight: 650; font-size: 16px; }
  .card, tr { break-inside: avoid; }
  .plot > svg { max-width: 100%; height: auto; }
  table { font-size: 10px; }
  th, td { white-space: normal !important; padding: 3px 5px; min-width: 0 !important; }
  .runs thead button { padding: 3px 5px; white-space: normal; }
  .runs thead { position: static; }
}
`;
