/** Questions of the demo's kinds, drawn in memory: as many as a model that starts from nothing needs. */
import { random } from "../../lib/core/random.js";
import { DOMAINS, type DemoDomain } from "../../lib/data/synthetic/domains.js";
import { scene } from "../../lib/data/synthetic/draw.js";
import { renderPng } from "../../lib/data/synthetic/png.js";
import { drawQuestion, type Question } from "../../lib/data/synthetic/question.js";

/** Where a picture shows a number. */
export interface Place {
  /** among the places of all kinds of pictures */
  readonly index: number;
  /** shares of the picture's width and height */
  readonly x: number;
  readonly y: number;
}

const place = (index: number, x: number, y: number): Place => ({ index, x: x / 280, y: y / 210 });

/** Of pictures whose numbers stand in fixed places, in the order of what they show. */
const PLACES: Readonly<Record<string, readonly Place[]>> = {
  "Venn diagram": [78, 140, 202].map((x, i) => place(i, x, 112)),
  table: [93, 131, 169].flatMap((y, row) => [109, 171, 233].map((x, column) => place(3 + 3 * row + column, x, y))),
};

export const PLACE_COUNT = Object.values(PLACES).flat().length;

const named = (name: string): DemoDomain[] => DOMAINS.filter((domain) => domain.name === name);

/** Whose pictures have numbers in fixed places. */
export const PICTURED: readonly DemoDomain[] = [...named("sets"), ...named("table")];

/** Venn diagrams from two sources of labels: the demo's, which is often wrong, and a checked one. */
export const SOURCES: readonly DemoDomain[] = named("sets").flatMap((sets) => [
  sets,
  { ...sets, name: "sets, checked", flaw: { kind: "clean" }, quality: 1 },
]);

/** A question that no file of the demo holds. */
export interface DrawnQuestion {
  readonly id: string;
  readonly domain: DemoDomain;
  readonly question: Question;
  /** `data:` URL */
  readonly image: string;
  /** of the first values that the picture shows */
  readonly places: readonly Place[];
}

/**
 * `count` questions of the domains in turn. The demo's own are drawn from other streams, and those of one name from
 * another than those of any other name.
 *
 * @param name  of the stream: "train", "meta", "test"
 */
export function drawQuestions(name: string, count: number, domains = SOURCES): DrawnQuestion[] {
  const stream = random("reading").fork(name);
  const taken = new Set<string>();
  return Array.from({ length: count }, (_, k) => {
    const domain = domains[k % domains.length];
    const question = drawQuestion(domain.family, stream.fork(k), taken);
    return { id: `${name}-${k + 1}`, domain, question, image: picture(question.svg), places: PLACES[question.picture] };
  });
}

/** The last sentence of a question: without the caption, which tells in words what the picture shows. */
export function questionTail({ text }: Question): string {
  return text.slice(text.lastIndexOf(". ") + 2);
}

/** A white picture of the demo's size: what a text-only model sees. */
export function blankPicture(): string {
  return picture(scene("", []));
}

const picture = (svg: string) => `data:image/png;base64,${renderPng(svg).toString("base64")}`;
