import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { refuseOverlap, splitByQuestion, type Asked } from "../../lib/data/split.js";

/** 3 items per question: 200 questions of "a", 40 of "b", 7 of "c" */
const items = Object.entries({ a: 200, b: 40, c: 7 }).flatMap(([domain, count]) =>
  Array.from({ length: 3 * count }, (_, i) => {
    const n = Math.floor(i / 3);
    return { questionId: `${domain}${n}`, question: `question ${n} of ${domain}`, domain, item: i % 3 };
  }),
);

describe("splitByQuestion", () => {
  test("60/15/25 % of the questions of every domain, none in two parts, every item once", () => {
    const parts = splitByQuestion(items, { seed: 1 });
    expect(Object.keys(parts)).toEqual(["train", "meta", "test"]);
    const questions = (part: readonly Asked[], domain: string) =>
      new Set(part.filter((item) => item.domain === domain).map(({ questionId }) => questionId)).size;
    const sizes = ["a", "b", "c"].map((domain) => Object.values(parts).map((part) => questions(part, domain)));
    expect(sizes).toEqual([
      [120, 30, 50],
      [24, 6, 10],
      [4, 1, 2],
    ]);
    expect(Object.values(parts).flat()).toHaveLength(items.length);
    expect(new Set(Object.values(parts).flat())).toEqual(new Set(items));
    expect(() => refuseOverlap(parts)).not.toThrow();
  });

  test("depends on the seed, not on the order of the items", () => {
    const ids = (part: readonly Asked[]) => [...new Set(part.map(({ questionId }) => questionId))].sort();
    const once = splitByQuestion(items, { seed: 1 });
    const shuffled = splitByQuestion(random(5).shuffle(items), { seed: 1 });
    expect(ids(shuffled.train)).toEqual(ids(once.train));
    expect(ids(splitByQuestion(items, { seed: 2 }).train)).not.toEqual(ids(once.train));
  });

  test("the same text under several ids stays together", () => {
    const chain = Array.from({ length: 60 }, (_, i) => ({
      questionId: `id${i}`,
      question: `Text  ${Math.floor(i / 2)}`,
    }));
    chain.push({ questionId: "id1", question: "text 7" }); // joins texts 0 and 7
    const parts = splitByQuestion(chain, { fractions: { x: 0.5, y: 0.5 }, seed: 3 });
    expect(() => refuseOverlap({ train: parts.x, test: parts.y })).not.toThrow();
    const partOf = (id: string) => (parts.x.some(({ questionId }) => questionId === id) ? "x" : "y");
    expect(new Set(["id0", "id1", "id14", "id15"].map(partOf)).size).toBe(1);
    expect(Math.abs(parts.x.length - parts.y.length)).toBeLessThan(8);
  });

  test.each([
    { a: 0.5, b: 0.4 },
    { a: 1.5, b: -0.5 },
    { a: NaN, b: 1 },
  ])("refuses fractions %j", (fractions) => {
    expect(() => splitByQuestion(items, { fractions, seed: 1 })).toThrow(RangeError);
  });
});

describe("refuseOverlap", () => {
  const q = (questionId: string, question: string, image?: string) => ({
    questionId,
    question,
    ...(image && { image }),
  });

  test("names shared ids, by id and by text", () => {
    const train = [q("1", "one"), q("2", "Question: Two"), q("3", "three")];
    expect(() => refuseOverlap({ train, meta: [q("1", "uno"), q("b", "two")], test: [q("x", "four")] })).toThrow(
      "train and meta share 2 question(s): 1, b\nSplit by question",
    );
    expect(() => refuseOverlap({ train, meta: [q("x", "four")], test: [q("y", " THREE ")] })).toThrow(
      "train and test share 1 question(s): y",
    );
  });

  test("the same text with another image is another question", () => {
    const train = [q("1", "How many?", "train/1.png")];
    expect(() => refuseOverlap({ train, meta: [q("2", "How many?", "meta/2.png")] })).not.toThrow();
    expect(() => refuseOverlap({ train, meta: [q("2", "How many?", "elsewhere/1.png")] })).toThrow(
      "share 1 question(s): 2",
    );
  });

  test("lists 20 ids and counts the others", () => {
    const train = Array.from({ length: 25 }, (_, i) => q(String(i), `q ${i}`));
    expect(() => refuseOverlap({ train, validation: train })).toThrow(/share 25 question\(s\): 0, .*, 19 and 5 more/);
  });
});
