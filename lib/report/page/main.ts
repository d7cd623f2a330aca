import { parse } from "../../tracker/plain.js";
import type { ReportData } from "../types.js";
import { compareView } from "./compareView.js";
import { curvesView } from "./curvesView.js";
import { detailsView } from "./detailsView.js";
import { h, plural } from "./dom.js";
import { dateText } from "./format.js";
import { newModel } from "./model.js";
import { runTable } from "./runTable.js";
import { seedsView } from "./seedsView.js";
import { tabs } from "./tabs.js";
import { themeButton } from "./themeButton.js";
import { weightsView } from "./weightsView.js";

/** Builds the page from the data in it. */
export function main(): void {
  const data = parse(document.getElementById("report-data")?.textContent ?? "") as ReportData;
  document.title = data.title;
  const model = newModel(data);
  const views = tabs("Views of the selected runs", [
    { title: "Curves", content: curvesView(model) },
    { title: "Weights", content: weightsView(model) },
    { title: "Compare", content: compareView(model) },
    { title: "Seeds", content: seedsView(model) },
    { title: "Details", content: detailsView(model) },
  ]);
  const table = runTable(model, (run) => {
    model.setCurrent(run);
    views.open("Details");
    views.element.scrollIntoView({ block: "start" });
  });
  model.onChange(views.stale);
  views.element.id = "views";
  document.body.append(
    h("a", { class: "skip", href: "#views" }, "Skip to the views"),
    header(data),
    h("main", {}, table, h("section", { "aria-label": "Selected runs" }, views.element)),
  );
}

function header({ title, store, query, createdAt, runs }: ReportData): HTMLElement {
  const damaged = runs.filter((run) => run.problems.length > 0).length;
  const parts = [
    plural(runs.length, "run"),
    ...(query !== undefined ? [`where ${query}`] : []),
    ...(store !== undefined ? [`from ${store}`] : []),
    `as of ${dateText(createdAt)} UTC`,
    ...(damaged > 0 ? [`${plural(damaged, "run")} with damaged files, see Details`] : []),
  ];
  return h("header", {}, h("h1", {}, title), h("p", {}, parts.join(" · ")), themeButton());
}
