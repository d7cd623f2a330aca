import { h, newId } from "./dom.js";

export interface Panel {
  readonly title: string;
  /** builds the content anew from what is selected */
  readonly content: () => Node;
}

/**
 * Tabs as the WAI-ARIA practice has them: one is in the Tab order, the arrow keys, Home and End move among them. A panel
 * is built when it is shown, and again after a change; printing shows all.
 */
export function tabs(
  label: string,
  panels: readonly Panel[],
): { element: HTMLElement; stale: () => void; open: (title: string) => void } {
  const ids = panels.map(() => newId("panel"));
  const buttons = panels.map(({ title }, i) =>
    h("button", { type: "button", role: "tab", id: `${ids[i]}-tab`, "aria-controls": ids[i] }, title),
  );
  const places = panels.map(({ title }, i) =>
    h("section", {
      role: "tabpanel",
      id: ids[i],
      "aria-labelledby": `${ids[i]}-tab`,
      tabindex: -1,
      "data-title": title,
    }),
  );
  const fresh = new Set<number>();
  let open = 0;

  const build = (i: number): void => {
    if (fresh.has(i)) return;
    fresh.add(i);
    const content = panels[i].content();
    if (places[i].firstChild !== content) places[i].replaceChildren(content); // else its control would lose the focus
  };
  const show = (i: number, focus: boolean): void => {
    open = i;
    buttons.forEach((button, k) => {
      button.setAttribute("aria-selected", String(k === i));
      button.tabIndex = k === i ? 0 : -1;
      places[k].hidden = k !== i;
    });
    build(i);
    if (focus) buttons[i].focus();
  };
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => show(i, false));
    button.addEventListener("keydown", (event) => {
      const n = buttons.length;
      const target = { ArrowLeft: (i + n - 1) % n, ArrowRight: (i + 1) % n, Home: 0, End: n - 1 }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      show(target, true);
    });
  });
  addEventListener("beforeprint", () => {
    places.forEach((place, i) => {
      place.hidden = false;
      build(i);
    });
    for (const plot of document.querySelectorAll(".plot")) plot.dispatchEvent(new Event("resize"));
  });
  addEventListener("afterprint", () => show(open, false));
  show(0, false);
  return {
    element: h("div", { class: "tabs" }, h("div", { role: "tablist", "aria-label": label }, ...buttons), ...places),
    stale: () => {
      fresh.clear();
      build(open);
    },
    open: (title) =>
      show(
        panels.findIndex((panel) => panel.title === title),
        true,
      ),
  };
}
