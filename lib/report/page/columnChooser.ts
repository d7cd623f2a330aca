import type { Column } from "./columns.js";
import { h, labelled } from "./dom.js";

/** A menu of check boxes, one per column; changes `visible`. */
export function columnChooser(columns: readonly Column[], visible: Set<string>, changed: () => void): HTMLElement {
  const groups = [...new Set(columns.map((column) => column.group))].map((group) => {
    const boxes = columns.filter((column) => column.group === group).map(box);
    return h("fieldset", {}, h("legend", {}, group), ...boxes);
  });
  const menu: HTMLDetailsElement = h(
    "details",
    { class: "menu", keydown: close },
    h("summary", {}, "Columns"),
    h("div", {}, ...groups),
  );
  addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target as Node)) menu.open = false;
  });

  function close(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }

  function box({ key, title }: Column): HTMLLabelElement {
    const input = h("input", {
      type: "checkbox",
      checked: visible.has(key),
      change: () => {
        if (input.checked) visible.add(key);
        else visible.delete(key);
        changed();
      },
    });
    return labelled(title, input);
  }
  return menu;
}
