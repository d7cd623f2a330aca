import { h, labelled } from "./dom.js";
import { type Model, runLabels } from "./model.js";

/**
 * A list of some runs, of which one is shown; the views share which.
 *
 * @param id  of the list: choosing builds the view anew, and the new list gets the focus
 */
export function runPicker(id: string, model: Model, runs: readonly number[], shown: number): HTMLElement {
  const labels = runLabels(model.data);
  const options = runs.map((run) => h("option", { value: run, selected: run === shown }, labels[run]));
  const choose = (): void => {
    model.setCurrent(Number(select.value));
    document.getElementById(id)?.focus();
  };
  const select: HTMLSelectElement = h("select", { id, change: choose }, ...options);
  return h("div", { class: "bar" }, labelled("Run", select));
}
