import { h } from "./dom.js";

/** Turns light into dark and back; at first the page is as the system is. */
export function themeButton(): HTMLElement {
  const root = document.documentElement;
  let dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const button = h("button", { type: "button", class: "theme", click: toggle });
  const name = (): void => {
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${dark ? "light" : "dark"} colours`);
  };

  function toggle(): void {
    dark = !dark;
    root.style.colorScheme = dark ? "dark" : "light";
    name();
  }
  name();
  return button;
}
