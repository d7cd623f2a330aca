import type { ReportRun } from "../types.js";
import { type Column, columnsOf, compareCells } from "./columns.js";
import { columnChooser } from "./columnChooser.js";
import { h, plural, scrollBox } from "./dom.js";
import { parseFilter } from "./filter.js";
import type { Model } from "./model.js";
import { swatch } from "./marks.js";
import { statusMark } from "./status.js";

/** Rows beyond these appear on request: thousands make a page slow. */
const AT_ONCE = 200;

/** The table of all runs: sorted by a header's button, filtered by the box above, selected by the boxes in front. */
export function runTable(model: Model, openRun: (run: number) => void): HTMLElement {
  const { runs } = model.data;
  const columns = columnsOf(model.data);
  const [name, ...others] = columns;
  const values = runs.map((run) => new Map(columns.map((column) => [column.key, column.value(run)])));
  const visible = new Set(columns.filter((column) => column.preset).map((column) => column.key));
  let [sortKey, descending, limit] = ["", false, AT_ONCE];
  let matching = runs.map((_, i) => i);

  const filter = h("input", {
    type: "search",
    id: "filter",
    placeholder: "words, or  status=finished  auc>0.7",
    title: "words, or key op value with = != < <= > >= ~ (contains); a minus in front excludes",
    "aria-describedby": "matches",
    autocomplete: "off",
    spellcheck: "false",
    input: applyFilter,
  });
  const matches = h("p", { id: "matches", role: "status" });
  const all = h("input", {
    type: "checkbox",
    "aria-label": "select all runs that match",
    change: () => model.select(matching, all.checked),
  });
  const head = h("thead");
  const body = h("tbody", { keydown: moveInColumn });
  const rest = h("button", { type: "button", hidden: true, click: showRest });

  function applyFilter(): void {
    try {
      const passes = parseFilter(
        filter.value,
        columns.map((column) => column.key),
      );
      matching = [...runs.keys()].filter((i) => passes(values[i]));
      filter.removeAttribute("aria-invalid");
      draw();
    } catch (error) {
      filter.setAttribute("aria-invalid", "true");
      matches.textContent = (error as Error).message;
    }
  }

  function showRest(): void {
    limit = Infinity;
    draw();
  }

  function sortBy(key: string): void {
    if (key === sortKey && descending) [sortKey, descending] = ["", false];
    else [descending, sortKey] = [key === sortKey, key];
    draw();
    head.querySelector<HTMLElement>(`[data-key=${CSS.escape(key)}] button`)?.focus();
  }

  function draw(): void {
    const shown = columns.filter((column) => column === name || visible.has(column.key));
    head.replaceChildren(h("tr", {}, h("th", { scope: "col", class: "pick" }, all), ...shown.map(header)));
    const sorted = [...matching];
    if (sortKey !== "") {
      sorted.sort((a, b) => compareCells(values[a].get(sortKey), values[b].get(sortKey), descending) || a - b);
    }
    body.replaceChildren(...sorted.slice(0, limit).map((i) => row(i, shown)));
    rest.hidden = sorted.length <= limit;
    rest.textContent = `Show all ${sorted.length} rows`;
    mark();
  }

  function header(column: Column): HTMLElement {
    const order = column.key !== sortKey ? "none" : descending ? "descending" : "ascending";
    const button = h("button", { type: "button", click: () => sortBy(column.key) }, column.title);
    const kind = column.numeric ? "number" : "text";
    return h("th", { scope: "col", class: kind, "aria-sort": order, "data-key": column.key }, button);
  }

  function row(i: number, shown: readonly Column[]): HTMLTableRowElement {
    const run = runs[i];
    const box = h("input", {
      type: "checkbox",
      "data-run": i,
      "aria-label": `select ${run.name}, ${run.id}`,
      change: () => model.select([i], box.checked),
    });
    const cells = shown.slice(1).map((column) => cell(column, run));
    const opener = h(
      "button",
      { type: "button", class: "name", title: `${run.id}: details`, click: () => openRun(i) },
      run.name,
    );
    return h(
      "tr",
      {},
      h("td", { class: "pick" }, box),
      h("th", { scope: "row" }, swatch(model.lookOf(i)), opener),
      ...cells,
    );
  }

  /** Ticks and counts, after a change of the selection. */
  function mark(): void {
    const selected = new Set(model.selected());
    for (const box of body.querySelectorAll<HTMLInputElement>("input[data-run]")) {
      box.checked = selected.has(Number(box.dataset["run"]));
      const row = box.closest("tr");
      row?.classList.toggle("selected", box.checked);
      row?.querySelector(".swatch")?.replaceWith(swatch(model.lookOf(Number(box.dataset["run"]))));
    }
    const among = matching.filter((i) => selected.has(i)).length;
    all.checked = among > 0 && among === matching.length;
    all.indeterminate = among > 0 && among < matching.length;
    matches.textContent = `${plural(matching.length, "run")} of ${runs.length} match, ${selected.size} selected`;
  }

  /** ↑ and ↓ move to the same control of the next row, Home and End to the first and the last. */
  function moveInColumn(event: KeyboardEvent): void {
    const control = event.target as HTMLElement;
    const rows = [...body.rows];
    const from = rows.indexOf(control.closest("tr") as HTMLTableRowElement);
    const target = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (target === undefined || !rows[target]) return;
    event.preventDefault();
    rows[target].querySelector<HTMLElement>(control.tagName)?.focus();
  }

  addEventListener("keydown", (event) => {
    if (event.key !== "/" || (event.target as HTMLElement).matches("input:not([type=checkbox], [type=range]), select"))
      return;
    event.preventDefault();
    filter.focus();
  });
  model.onChange(mark);
  draw();
  const table = h("table", { class: "runs" }, h("caption", { class: "hidden" }, "All runs of this report"), head, body);
  return h(
    "section",
    { "aria-labelledby": "runs-title" },
    h("h2", { id: "runs-title" }, "Runs"),
    h(
      "div",
      { class: "bar", role: "search" },
      h("label", { for: "filter" }, "Filter"),
      filter,
      h("kbd", { title: "this key moves to the filter" }, "/"),
      columnChooser(others, visible, draw),
    ),
    matches,
    scrollBox("Table of runs", table),
    rest,
  );
}

function cell(column: Column, run: ReportRun): HTMLElement {
  const { key, numeric } = column;
  if (key === "status") return h("td", {}, statusMark(run));
  const text = column.text(run);
  return h("td", { class: numeric ? "number" : "text", ...(text.length > 40 && { title: text }) }, text);
}
