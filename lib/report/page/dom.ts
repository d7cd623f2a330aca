/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

type Child = Node | string | number | null | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>;

/**
 * A new HTML element. Attributes that are false or undefined are left out, true ones stay empty, functions listen to the
 * event of that name. Text is set as text, never read as HTML.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** A new SVG element, likewise. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value as (event: Event) => void);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined).map((c) => c as Node | string));
  return element;
}

let ids = 0;
/** An id that no other element has. */
export const newId = (prefix: string): string => `${prefix}-${++ids}`;

export function labelled(text: string, control: HTMLInputElement | HTMLSelectElement): HTMLLabelElement {
  const after = control instanceof HTMLInputElement && control.type === "checkbox";
  return after ? h("label", {}, control, ` ${text}`) : h("label", {}, `${text} `, control);
}

/** A scrolling box that the keyboard can scroll too. */
export const scrollBox = (label: string, ...children: readonly Child[]): HTMLElement =>
  h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, ...children);

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
