import { expect, test } from "vitest";
import { majorityVote, weightedVote } from "../../lib/select/vote.js";

test("the most frequent answer wins, with the first candidate that gave it", () => {
  const { answer, candidate, weights } = majorityVote(["3", "5", undefined, " 5 ", "3", "5"]);
  expect({ answer, candidate }).toEqual({ answer: "5", candidate: 1 });
  expect([...weights]).toEqual([
    ["3", 2],
    ["5", 3],
  ]);
});

test("among equals the answer given first wins", () => {
  expect(majorityVote(["B", "A", "A", "B"]).answer).toBe("B");
});

test("no answers, no vote", () => {
  expect(majorityVote([undefined, "", " "])).toMatchObject({ answer: undefined, candidate: -1 });
  expect(majorityVote([])).toMatchObject({ answer: undefined, candidate: -1 });
});

test("weights can overturn the majority", () => {
  expect(weightedVote(["A", "A", "B"], [0.2, 0.2, 0.9])).toMatchObject({ answer: "B", candidate: 2 });
  expect(weightedVote(["A", "B"], [0, 0]).answer).toBe("A");
});

test("bad weights are refused with their index", () => {
  expect(() => weightedVote(["A", "B"], [1, NaN])).toThrow("weights[1] is NaN");
  expect(() => weightedVote(["A"], [-1])).toThrow("weights[0] is -1");
  expect(() => weightedVote(["A"], [])).toThrow("1 answers against 0");
});
