import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require_ = createRequire(join(__dirname, "x"));

/** Arimo, metric-compatible with Arial and Helvetica, in the styles that Plotly's text can have. */
const styles = ["400", "400-italic", "700", "700-italic"] as const;
/** Text of a figure, by the style of Arimo in which it stands. */
export type StyledText = Partial<Record<string, string>>;

interface FontFace {
  /** The CSS rule, with an empty `url()`. */
  readonly css: string;
  readonly file: string;
  readonly holds: (character: string) => boolean;
}

function fontFaces(style: string): FontFace[] {
  const sheet = require_.resolve(`@fontsource/arimo/${style}.css`);
  return [...readFileSync(sheet, "utf8").matchAll(/@font-face \{[^}]*\}/g)].map(([rule]) => {
    const file = /url\(([^)]+\.woff2)\)/.exec(rule)?.[1] ?? "";
    const ranges = [...(/unicode-range: ([^;]*)/.exec(rule)?.[1] ?? "").matchAll(/U\+([0-9A-F]+)(?:-([0-9A-F]+))?/g)];
    return {
      css: rule.replace(/src: [^;]*;/, 'src: url() format("woff2");').replace(/\s+/g, " "),
      file: join(dirname(sheet), file),
      holds: (character) => {
        const code = character.codePointAt(0) as number;
        return ranges.some(([, from, to = from]) => code >= parseInt(from, 16) && code <= parseInt(to, 16));
      },
    };
  });
}

const inlined = (css: string, font: Uint8Array): string =>
  css.replace("url()", `url(data:font/woff2;base64,${Buffer.from(font).toString("base64")})`);

/** CSS with the whole fonts inside, for the pages in which figures are drawn. */
export const fontCss = (): string =>
  styles.flatMap((style) => fontFaces(style).map(({ css, file }) => inlined(css, readFileSync(file)))).join("\n");

/** CSS with the fonts inside, cut down to the characters of a text: about 4 kB in place of 20. */
export async function subsetCss(text: StyledText): Promise<string> {
  const subset = require_("subset-font") as (font: Buffer, text: string, to: object) => Promise<Buffer>;
  const rules: string[] = [];
  for (const style of styles) {
    const characters = [...new Set(text[style] ?? "")].sort();
    for (const { css, file, holds } of fontFaces(style)) {
      const own = characters.filter(holds).join("");
      if (own.trim() === "") continue;
      rules.push(inlined(css, await subset(readFileSync(file), own, { targetFormat: "woff2" })));
    }
  }
  return rules.join("\n");
}
