import { ensureDemo, encodeStudy, hashedFeatures, loadMetaSet, loadTrainSet, mlpHead, linearHead, reportMethods, splitByQuestion, trainRun, useBackend, type StudyConfig, type Method } from "/work/main/lib/index.js";
async function main() {
  const iterations = Number(process.argv[2] ?? 400);
  const linear = process.argv[3] === "linear";
  const lr = Number(process.argv[4] ?? 1e-3), ulr = Number(process.argv[5] ?? 0.01);
  await useBackend();
  const folder = "/work/main/data/demo";
  await ensureDemo(folder);
  const labelled = await loadMetaSet(`${folder}/test.json`, {quiet:true});
  const parts = splitByQuestion(labelled.solutions, { fractions: { meta: 0.4, test: 0.6 }, seed: 1 });
  const data = { train: await loadTrainSet(`${folder}/train.json`, {quiet:true}), meta: { ...labelled, solutions: parts.meta }, test: { ...labelled, solutions: parts.test } };
  const encoder = hashedFeatures({ buckets: 512 });
  const config = { prm: linear ? linearHead({ features: encoder.size }) : mlpHead({ features: encoder.size, hidden: 32 }), encoder, stepLoss: "squaredError", aggregation: "logMean", lossTarget: "steps", metaLoss: "squaredError", instance: "step", stepWeighting: "sum", batchSize: 64, metaBatchSize: 20, balancedMeta: true,
    lower: { optimizer: { kind: "adamw", weightDecay: 1e-3 }, learningRate: lr }, upper: { optimizer: { kind: "adamw", weightDecay: 0 }, learningRate: ulr, unrollSteps: 1, hypergradient: { method: "dot" } },
    iterations, gradientAccumulation: 1, coldStartIterations: 0, referenceIterations: iterations / 2, keepShare: 0.7, normalise: "none", net: {}, averageLast: 0.5, validateEvery: 0, patience: 0, checkpointEvery: 0 } as unknown as StudyConfig;
  const encoded = encodeStudy(data, config);
  const outcomes = [];
  for (const seed of [1, 2, 3]) for (const method of ["vanilla", "clean-labels", "domain-table", "instance-net"] as Method[]) {
    const t = performance.now();
    outcomes.push(await trainRun({ method, seed, data, encoded, config, run: { id: "x", log() {}, note() {} } }));
    process.stderr.write(`${method} ${((performance.now() - t) / 1000).toFixed(1)}s `);
  }
  for (const m of reportMethods(outcomes, data.train.domains)) console.log(m.method, m.stepAuc?.values.map((v) => v.toFixed(3)).join(" "), "diff", m.againstVanilla?.mean.toFixed(3), m.againstVanilla?.interval?.map((v) => v.toFixed(3)).join(".."), "closed", m.headroomClosed?.mean.toFixed(2), "det", m.wrongLabelAuc?.mean.toFixed(2));
}
void main();
