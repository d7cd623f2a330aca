import type { EncodedSteps } from "../data/encode.js";
import { domainTable } from "../weighting/domainTable.js";
import { fixedDomainWeights, fixedInstanceWeights } from "../weighting/fixed.js";
import { instanceNet, type InstanceNetOptions, metaWeightNet, publishedInstanceNet } from "../weighting/instanceNet.js";
import { instanceTable } from "../weighting/instanceTable.js";
import { perSolution } from "../weighting/perSolution.js";
import { product } from "../weighting/product.js";
import type { Weighting } from "../weighting/weighting.js";
import type { StudyConfig } from "./config.js";
import type { Method } from "./methods.js";

/** The weighting by which a method learns. */
export function learnedWeighting(
  method: Method,
  { activation, initialization, net, normalise, instance, unit }: StudyConfig,
  train: EncodedSteps,
  domains: readonly string[],
): Weighting {
  const table = () =>
    instanceTable({
      rows: train.instances.length,
      names: [...train.instances],
      ...(activation && { activation }),
      ...(initialization !== undefined && { initialization }),
      normalise,
    });
  const netOptions = {
    ...(net.hiddenDim !== undefined && { hiddenDim: net.hiddenDim }),
    domains: domains.length,
    ...(net.hiddenSize !== undefined && { hiddenSize: net.hiddenSize }),
  };
  // a net has no state of its own to be projected
  const output = { ...(activation && activation.activation !== "projected" && { activation }), normalise };
  const netOf = (make: (options: InstanceNetOptions) => Weighting, scale: number): Weighting => {
    if (instance === "step") return make({ ...netOptions, ...output });
    if (unit !== "solution") {
      throw new Error(`"${method}" weighs whole solutions only where batches hold them: --batch_unit solution`);
    }
    const raw = make({ ...netOptions, activation: { activation: "none" }, scale: 1, normalise: "none" });
    return perSolution(raw, { ...output, scale });
  };
  switch (method) {
    case "domain-table":
      return domainTable(domains);
    case "instance-table":
      return table();
    case "instance-net":
      return netOf((options) => instanceNet({ ...options, ...(net.inputs && { inputs: [...net.inputs] }) }), 2);
    case "instance-net-published":
      return netOf(publishedInstanceNet, 1);
    case "meta-weight-net":
      return metaWeightNet();
    case "domain-instance":
      return product(domainTable(domains), table());
    default:
      throw new Error(`"${method}" learns no weights`);
  }
}

/** The given weights; of a solution's rows, which have one weight, the last one's is taken. */
export function fixedWeights({ weights }: StudyConfig, domains: readonly string[], train: EncodedSteps): Weighting {
  if (weights === undefined) throw new Error("fixed weights are missing");
  if (weights.kind === "domain") return fixedDomainWeights(domains, weights.values);
  const { instance, instances } = train;
  if (weights.values.length !== instance.length) {
    throw new Error(`${weights.values.length} row weights are not of these ${instance.length} training rows`);
  }
  const values = new Float32Array(instances.length);
  instance.forEach((own, row) => (values[own] = weights.values[row]));
  return fixedInstanceWeights(values, instances);
}
