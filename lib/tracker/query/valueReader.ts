import type { Directions } from "../metricValue.js";
import type { RunSummary } from "../runRecord.js";
import { bind } from "./bind.js";
import { parseValue } from "./parse.js";
import { Scope } from "./scope.js";
import { PENDING, type Value } from "./values.js";

/** Reads a value that is written as in a query. @throws QueryError; RangeError when it needs a series */
export function valueReader(
  source: string,
  runs: readonly RunSummary[],
  directions?: Directions,
): (run: RunSummary) => Exclude<Value, typeof PENDING> {
  const scope = new Scope(source, runs, directions);
  const { of } = bind(scope, parseValue(source));
  return (run) => {
    const value = of({ run });
    if (value === PENDING) throw new RangeError(`${source} needs the series of run ${run.id}: use queryRuns`);
    return value;
  };
}
