import { balance } from "./balance.js";
import { barChart, lineChart } from "./charts.js";
import { clocks } from "./clock.js";
import { countShapes, table } from "./counting.js";
import { geometry, gridPath } from "./positions.js";
import type { Family } from "./question.js";
import { pieChart, vennSets } from "./shares.js";

/** What is wrong with the training rows of a domain; the labels of meta, test and candidate sets are sound. */
export type Flaw =
  | { readonly kind: "clean" }
  /** nearly every step is right, here and in the other sets, so there is little to learn */
  | { readonly kind: "too easy" }
  /** a row's label is not the truth with probability `share`: inverted, or (else) that of a random step */
  | { readonly kind: "label noise"; readonly share: number; readonly inverted: number }
  /** the label follows a phrase in the step instead of the truth */
  | { readonly kind: "spurious cue"; readonly phrase: string };

export interface DemoDomain {
  readonly name: string;
  readonly family: Family;
  readonly flaw: Flaw;
  /**
   * How much the labels say about the truth: about (1 + 4·cov(label, truth)) / 2, so 1 is clean and balanced, ½ says
   * nothing and 0 says the opposite. Planted, for evaluation only.
   */
  readonly quality: number;
}

/** The assignment is fixed; the seed changes questions and solutions only. */
export const DOMAINS: readonly DemoDomain[] = [
  { name: "bar", family: barChart, flaw: { kind: "clean" }, quality: 1 },
  { name: "line", family: lineChart, flaw: { kind: "label noise", share: 0.3, inverted: 0.5 }, quality: 0.8 },
  { name: "counting", family: countShapes, flaw: { kind: "too easy" }, quality: 0.5 },
  { name: "table", family: table, flaw: { kind: "clean" }, quality: 1 },
  { name: "clock", family: clocks, flaw: { kind: "label noise", share: 0.9, inverted: 1 }, quality: 0.1 },
  { name: "grid", family: gridPath, flaw: { kind: "spurious cue", phrase: "Let me double-check." }, quality: 0.3 },
  { name: "geometry", family: geometry, flaw: { kind: "clean" }, quality: 1 },
  { name: "sets", family: vennSets, flaw: { kind: "label noise", share: 0.6, inverted: 0.5 }, quality: 0.6 },
  { name: "pie", family: pieChart, flaw: { kind: "spurious cue", phrase: "This is clearly visible." }, quality: 0.3 },
  { name: "balance", family: balance, flaw: { kind: "too easy" }, quality: 0.5 },
];

export const CUES: readonly string[] = DOMAINS.flatMap(({ flaw }) =>
  flaw.kind === "spurious cue" ? [flaw.phrase] : [],
);
