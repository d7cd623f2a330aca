import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { domainTable, groupTable } from "../../lib/weighting/domainTable.js";
import { fixedDomainWeights, fixedInstanceWeights } from "../../lib/weighting/fixed.js";
import { instanceNet } from "../../lib/weighting/instanceNet.js";
import { instanceTable } from "../../lib/weighting/instanceTable.js";
import { product } from "../../lib/weighting/product.js";
import { uniform } from "../../lib/weighting/uniform.js";
import { expectClose } from "../expectClose.js";
import { batchOf, expectGradient, known, seenOf } from "./batches.js";

beforeAll(() => useBackend());

const softplus = (r: number) => Math.log1p(Math.exp(r));
const normalised = (raw: number[]) => raw.map((r) => (softplus(r) * raw.length) / raw.reduce((sum, r) => sum + softplus(r), 0)); // prettier-ignore
const domains = ["a", "b", "c"];

describe("product", () => {
  const weighting = product(domainTable(domains), instanceTable({ rows: 5 }), fixedDomainWeights(domains, { a: 1, b: 2, c: 0.5 })); // prettier-ignore
  const raw = [0.3, -0.8, 1.2];
  const lazy = [0.2, 0.9, 1.8, 1.1];

  test("multiplies its factors' weights, each with its own part of α", () => {
    const w = normalised(raw);
    const expected = known.domain.map((k, n) => w[k] * lazy[n] * [1, 2, 0.5][k]);
    const alpha = { "0/raw": tf.tensor1d(raw), "1/raw": tf.tensor1d(lazy) };
    expectClose(weighting.apply(alpha, batchOf()), expected);
    expectGradient(weighting, alpha);
  });

  test("passes on what its factors are", () => {
    expect(weighting.kind).toBe("domain-table × instance-table × fixed-domain-weights");
    expect(weighting.lazy).toBe("1/raw");
    expect(weighting.names).toEqual(domains);
    expectClose(weighting.vector?.({ "0/raw": tf.tensor1d(raw), "1/raw": tf.tensor1d(lazy) }) ?? [], normalised(raw));
    expect(weighting.sees).toBeUndefined();
    const net = product(domainTable(domains), instanceNet({ inputs: ["hidden"], hiddenSize: 2 }), instanceNet());
    expect(net.sees).toBe("representation");
    expect(product(uniform(), instanceNet()).sees).toBe("answer");
  });

  test("α at the start is its factors'", () => {
    const alpha = weighting.init(1);
    expect(Object.keys(alpha)).toEqual(["0/raw", "1/raw"]);
    expect(alpha["1/raw"].shape).toEqual([5]);
  });

  test("projects the factor that has bounds and copies the rest", () => {
    const alpha = { "0/raw": tf.tensor1d([5, -5, 5]), "1/raw": tf.tensor1d([3, -1, 1]) };
    const projected = weighting.project?.(alpha) ?? {};
    expect(Object.keys(projected)).toEqual(["0/raw", "1/raw"]);
    tf.dispose(alpha);
    expectClose(projected["0/raw"], [5, -5, 5]);
    expectClose(projected["1/raw"], [2, 0, 1]);
  });

  test("gradient through a net and a table", () => {
    const both = product(domainTable(domains), instanceNet({ hiddenDim: 3, startEqual: false }));
    expectGradient(both, { ...both.init(2), "0/raw": tf.tensor1d(raw) });
    const w = normalised(raw);
    const net = instanceNet({ hiddenDim: 3, startEqual: false });
    const own = Array.from(net.apply(net.init(2), batchOf(), seenOf()).dataSync());
    const alpha = { ...both.init(2), "0/raw": tf.tensor1d(raw) };
    expectClose(
      both.apply(alpha, batchOf(), seenOf()),
      own.map((x, n) => x * w[known.domain[n]]),
    );
  });

  test("two tables updated row by row, or an attached factor, are refused", () => {
    const table = instanceTable({ rows: 5 });
    expect(() => product(table, table)).toThrow(/only one factor.*row by row.*lazy: false/);
    expect(product(table, instanceTable({ rows: 5, lazy: false })).lazy).toBe("0/raw");
    expect(() => product(domainTable(domains), instanceNet({ attached: true }))).toThrow(/attached/);
  });
});

describe("group table", () => {
  const groupOf = [1, 0, 0, 1, 2];
  const table = groupTable(["x", "y", "z"], groupOf);
  const raw = [0.4, -1.3, 2];

  test("every row has its group's weight, with mean 1 over the groups", () => {
    const w = normalised(raw);
    expectClose(
      table.apply({ raw: tf.tensor1d(raw) }, batchOf()),
      known.row.map((row) => w[groupOf[row]]),
    );
    expectClose(table.vector?.({ raw: tf.tensor1d(raw) }) ?? [], w);
    expect([table.kind, table.names]).toEqual(["group-table", ["x", "y", "z"]]);
    expectClose(table.apply(table.init(1), batchOf()), [1, 1, 1, 1]);
    expectGradient(table, { raw: tf.tensor1d(raw) });
  });

  test("a row of no group and a table without groups are refused", () => {
    expect(() => groupTable(["x"], [0, 1])).toThrow(/row 1 is in group 1 of 1/);
    expect(() => groupTable([], [])).toThrow(/at least one group/);
  });
});

test("fixed instance weights are looked up by row; an impossible one is named", () => {
  const fixed = fixedInstanceWeights([0.1, 0.2, 0.3, 0.4, 0.5]);
  expectClose(fixed.apply({}, batchOf()), [0.4, 0.1, 0.5, 0.4]);
  expectClose(fixed.vector?.({}) ?? [], [0.1, 0.2, 0.3, 0.4, 0.5]);
  expect(fixed.names).toEqual(["0", "1", "2", "3", "4"]);
  expect(fixed.init(1)).toEqual({});
  expect(() => fixedInstanceWeights([1, -1], ["p", "q"])).toThrow(/weight of row q is -1/);
  expect(() => fixedInstanceWeights([Infinity])).toThrow(/weight of row 0 is Infinity/);
});
