import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { fixedDomainWeights } from "../../lib/weighting/fixed.js";
import { uniform } from "../../lib/weighting/uniform.js";
import { centralDifference, expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const batch = (domains: number[]) => ({
  domain_B: tf.tensor1d(domains, "int32"),
  row_B: tf.tensor1d(
    domains.map((_, i) => i),
    "int32",
  ),
  target_B: tf.ones<tf.Rank.R1>([domains.length]),
});
const softplus = (r: number) => Math.log1p(Math.exp(r));
const weightsOf = (raw: number[]) => {
  const mean = raw.reduce((sum, r) => sum + softplus(r), 0) / raw.length;
  return raw.map((r) => softplus(r) / mean);
};

describe("domain table", () => {
  const table = domainTable(["a", "b", "c"]);
  const raw = [0.4, -1.3, 2];

  test("all weights start at 1", () => {
    expectClose(table.apply(table.init(1), batch([2, 0, 1, 1])), [1, 1, 1, 1]);
  });

  test("w_k = softplus(r_k) / mean softplus(r), looked up row by row, with mean 1 over the domains", () => {
    const w = weightsOf(raw);
    expectClose(table.apply({ raw: tf.tensor1d(raw) }, batch([2, 0, 2, 1])), [w[2], w[0], w[2], w[1]]);
    expectClose(table.vector?.({ raw: tf.tensor1d(raw) }) ?? [], w);
    expectClose(tf.mean(table.vector?.({ raw: tf.tensor1d(raw) }) as tf.Tensor), 1);
  });

  test("gradient by central difference", () => {
    const c = [0.7, -0.2, 1.1];
    const gradient = tf.grad((r: tf.Tensor) => tf.sum(tf.mul(table.apply({ raw: r }, batch([2, 0, 2])), c)))(
      tf.tensor1d(raw),
    );
    const expected = centralDifference(
      (r) => {
        const w = weightsOf(r);
        return c[0] * w[2] + c[1] * w[0] + c[2] * w[2];
      },
      raw,
      1e-5,
    );
    expectClose(gradient, expected, { relative: 1e-4 });
    const written = table.pullBack?.({ raw: tf.tensor1d(raw) }, batch([2, 0, 2]), tf.tensor1d(c));
    expectClose(written?.raw ?? [], expected, { relative: 1e-4 });
  });

  test("no domain at all is refused", () => {
    expect(() => domainTable([])).toThrow(/at least one domain/);
  });
});

test("uniform weights are ones and there is nothing to learn", () => {
  expect(uniform().init(1)).toEqual({});
  expectClose(uniform().apply({}, batch([0, 1])), [1, 1]);
});

test("fixed weights are those given; a missing or impossible one is named", () => {
  expectClose(fixedDomainWeights(["a", "b"], { a: 0.5, b: 1.5 }).apply({}, batch([1, 0, 1])), [1.5, 0.5, 1.5]);
  expect(() => fixedDomainWeights(["a", "b"], { a: 1 })).toThrow(/no weight for domain "b"; given: a/);
  expect(() => fixedDomainWeights(["a"], { a: NaN })).toThrow(/weight of domain "a" is NaN/);
});
