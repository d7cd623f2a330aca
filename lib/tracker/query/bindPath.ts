import { metricValue } from "../metricValue.js";
import { FIELDS } from "./fields.js";
import { metricName } from "./metricName.js";
import { suggestion } from "./names.js";
import type { Bound, Moment, Scope, Subject } from "./scope.js";
import type { Path, Segment } from "./syntax.js";
import { lookup, PENDING, type Value } from "./values.js";

/**
 * What a name stands for: `params.…`, `summary.…`, `metrics.…`, `now`, a field of {@link FIELDS}; any other name is a
 * parameter's: `lower.learningRate` is `params.lower.learningRate`.
 *
 * @param mayBeMissing  no error when no run has it; without any runs it never is one
 */
export function bindPath(scope: Scope, node: Path, mayBeMissing = false): Bound {
  const [{ text: root }, ...rest] = node.segments;
  const isAlone = rest.length === 0;
  if (root === "now" && isAlone) return { node, kind: "time", of: () => scope.now };
  if (Object.hasOwn(FIELDS, root) && isAlone) {
    scope.fields.add(root);
    const field = FIELDS[root];
    return { node, kind: field.kind, of: ({ run }) => field.of(run), field };
  }
  const isRoot = root === "params" || root === "summary" || root === "metrics";
  if (isRoot && isAlone) scope.fail(node.at, `expected a name after ${root}, as in ${root}.NAME`);
  if (root === "metrics") return bindMetric(scope, node, rest, mayBeMissing);
  const from = root === "summary" ? "summary" : "params";
  const path = (isRoot ? rest : node.segments).map(({ text }) => text);
  if (!mayBeMissing && scope.runs.length > 0 && !scope.runs.some((run) => lookup(run[from], path) !== undefined)) {
    const name = path.join(".");
    if (isRoot) scope.fail(node.at, `no run has ${root}.${name}${suggestion(name, scope.runs, from)}`);
    const meant = suggestion(name, scope.runs);
    scope.fail(node.at, `no field or parameter is called ${name}${meant} A text needs quotes: "${name}"`);
  }
  return { node, kind: "any", of: ({ run }) => lookup(run[from], path) };
}

function bindMetric(scope: Scope, node: Path, parts: readonly Segment[], mayBeMissing: boolean): Bound {
  const isMoment = node.step !== undefined;
  // the "at" is no part of the name
  const name = isMoment ? parts.slice(0, -1).map(({ text }) => ({ text, quoted: true })) : parts;
  const { metric, statistic, problem } = metricName(name, scope.runs, scope.directions);
  if (problem !== undefined && !mayBeMissing) scope.fail(node.at, problem);
  if (isMoment) return { node, kind: "number", of: atMoment(scope, { metric, step: node.step }) };
  return { node, kind: "number", of: ({ run }) => metricValue(run, metric, statistic) };
}

/** Most of it shows in the digest: the series is read only for a step before the last one. */
function atMoment(scope: Scope, moment: Moment): (subject: Subject) => Value {
  scope.moments.push(moment);
  return ({ run, moments }) => {
    if (moments) return moments.get(moment);
    const last = Object.hasOwn(run.digests, moment.metric) ? run.digests[moment.metric].last : undefined;
    if (!last || last.step < moment.step) return undefined;
    return last.step === moment.step ? last.value : PENDING;
  };
}
