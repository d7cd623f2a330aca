// The public names, in the order in which data flows.

// backend
export { type BackendReport, useBackend } from "./core/backend.js";
export { axpy, dotTree, fromPlain, type Params, type PlainParams, toPlain } from "./core/tree.js";
export { globalNorm } from "./core/norm.js";
export { type Random, random } from "./core/random.js";

// data → samples and solutions
export type { Pool, Solution, SolutionSet, Source, StepInput, StepSample, TrainSet } from "./data/types.js";
export { loadTrainSet } from "./data/dreamprm.js";
export { loadConversations, loadMetaSet, loadPools } from "./data/solutions.js";
export { importSource } from "./data/import.js";
export { type Conversion, convert } from "./data/convert.js";
export { toEvaluationRows, toMetaRows, toPoolRows, toTrainRows } from "./data/rows.js";
export { refuseOverlap, splitByQuestion } from "./data/split.js";
export { formatInspection, inspectFile } from "./data/inspect.js";
export { cleanLabels, labelNoise } from "./data/labels.js";
export { ensureDemo, loadPlantedQuality, makeDemo } from "./data/synthetic.js";

// text → steps → features → batches
export { hasSteps, joinSteps, splitSteps } from "./text/steps.js";
export { promptText } from "./text/prompts.js";
export { finalAnswer } from "./text/answer.js";
export { denseRows, type Encoder, type FeatureRows, hashedFeatures } from "./text/features.js";
export { type BatchUnit, prmBatches, type SolutionBatch, type StepBatch } from "./data/batch.js";
export { type EncodedSolutions, type EncodedSteps, encodeSolutions, encodeSteps, prefixes } from "./data/encode.js";

// images → patches and tiles
export { qwen2VlImages, type Qwen2VlImage, type Qwen2VlImageOptions } from "./image/qwen2vl.js";
export { internVlImages, type InternVlImage, type InternVlImageOptions } from "./image/internvl.js";
export { llavaOneVisionImages, type LlavaOneVisionImage } from "./image/llavaOneVision.js";
export { type ImageFacts, prepareImages, processImages, type ProcessOptions } from "./image/process.js";
export { tileCache, type TileCache, type TileCacheOptions } from "./image/cache.js";
export type { CheckpointFiles, ImageProcessor, ModelImage, SourceOptions } from "./image/types.js";

// checkpoints of published models
export { type Checkpoint as ModelCheckpoint, openCheckpoint } from "./checkpoint/checkpoint.js";
export { loadParams, type LoadParamsOptions, type Shapes } from "./checkpoint/loadParams.js";
export {
  saveCheckpoint as saveModelCheckpoint,
  type SaveCheckpointOptions,
  type TensorSource,
  tensorSources,
} from "./checkpoint/saveCheckpoint.js";
export { type DownloadProgress, type ResolvedModel, resolveModel, type ResolveModelOptions } from "./checkpoint/hub.js";
export {
  type EncodeOptions,
  loadTokenizer,
  refuseSmallVocabulary,
  type TextTokenizer,
} from "./checkpoint/tokenizer.js";
export { trainTokenizer, type TrainTokenizerOptions } from "./checkpoint/trainTokenizer.js";
export { labelTokens } from "./checkpoint/labelTokens.js";
export {
  type ChatMessage,
  chatTemplate,
  type ChatTemplate,
  internVlTemplate,
  loadChatTemplate,
  type MessagePart,
} from "./checkpoint/chatTemplate.js";
export { expandImages, type ImagePlaceholder, imagePlaceholders } from "./checkpoint/imagePlaceholders.js";

// model, weighting, losses
export type { RewardModel } from "./model/rewardModel.js";
export { linearHead, mlpHead } from "./model/head.js";
export { loadTensors, saveTensors } from "./core/safetensors.js";
export type { Seen, Weighting, WeightingBatch } from "./weighting/weighting.js";
export type { WeightActivation } from "./weighting/activation.js";
export { uniform } from "./weighting/uniform.js";
export { fixedDomainWeights, fixedInstanceWeights } from "./weighting/fixed.js";
export { domainTable, groupTable } from "./weighting/domainTable.js";
export { instanceTable, type InstanceTableOptions } from "./weighting/instanceTable.js";
export {
  instanceNet,
  type InstanceNetInput,
  instanceNetInputs,
  type InstanceNetOptions,
  metaWeightNet,
  publishedInstanceNet,
} from "./weighting/instanceNet.js";
export { type Normalisation, normalisations } from "./weighting/normalisation.js";
export { balanceDomains, selectByUncertainty, selectRandom, selectSmallLoss } from "./weighting/selection.js";
export { perSolution, type PerSolutionOptions } from "./weighting/perSolution.js";
export { product } from "./weighting/product.js";
export { type StepLoss, stepLoss } from "./loss/step.js";
export { aggregate, type Aggregation, aggregations } from "./loss/aggregate.js";
export { labelledStepsLoss, type LossTarget, lossTargets, outcomeLoss } from "./loss/objective.js";
export { doremiProblem, type ReferenceBatch } from "./model/doremi.js";
export { rowLosses, rowWeights } from "./model/rowWeights.js";
export { prmProblem, solutionLogits } from "./model/prmProblem.js";

// language and vision-language models
export { qwen2 } from "./model/qwen2/qwen2.js";
export { type PatchedImage, qwen2Vl, type Qwen2VlSequence } from "./model/qwen2vl/qwen2vl.js";
export { internVl, type InternVlSequence } from "./model/internvl/internvl.js";
export {
  type AnyresImage,
  llavaOneVision,
  type LlavaOneVisionSequence,
} from "./model/llavaOneVision/llavaOneVision.js";
export type { LanguageModel, LanguageModelOptions, Representation } from "./model/transformer/languageModel.js";
export type { TokenBatch, TokenSequence } from "./model/transformer/tokenBatch.js";
export type { TiledImage } from "./model/transformer/tiles.js";
export { checkParameters, parameterCount } from "./model/transformer/parameters.js";

// vision-language reward models
export {
  type Readout,
  refuseBeyondMemory,
  type Tuning,
  visionPrm,
  type VisionPrm,
  type VisionPrmOptions,
} from "./vlm/visionPrm.js";
export { loadWeights, openVisionModel, type VisionModel, type VisionModelOptions } from "./vlm/visionModel.js";
export { labelToken, lastTokenHead } from "./vlm/rewardModels.js";
export { labelLayout, lastTokenLayout, type PromptLayout } from "./vlm/prompt.js";
export { type PromptBatch, type PromptBook, promptBook, promptEncoder } from "./vlm/promptBook.js";
export { type VlmBatches, vlmBatches } from "./vlm/vlmBatches.js";
export { numberedRewardModel } from "./vlm/numberedRewardModel.js";
export { type Backbone, frozenBackbone, fullBackbone } from "./vlm/backbone.js";
export { type Lora, lora, loraBackbone, type LoraOptions, mergedWeights } from "./vlm/lora.js";
export { loadPeft, savePeft } from "./vlm/peft.js";
export { type TinyQwen2VlOptions, writeTinyQwen2Vl } from "./vlm/tiny.js";
export { featureShelf, type FeatureShelf, type FeatureShelfOptions } from "./vlm/featureShelf.js";
export { encodeHidden, hiddenFeatures } from "./vlm/hiddenStates.js";
export { availableBytes, estimateMemory, type MemoryEstimate } from "./vlm/memory.js";

// bilevel optimisation
export type { Optimizer, OptimizerState } from "./optim/update.js";
export { optimizer, type OptimizerOptions } from "./optim/optimizer.js";
export { sgd } from "./optim/sgd.js";
export { adamW } from "./optim/adamW.js";
export { type Schedule, scheduleFactor } from "./optim/schedule.js";
export { clipByGlobalNorm } from "./optim/clip.js";
export {
  type BatchSource,
  type BilevelProblem,
  type Losses,
  type WeightedLower,
  weightedMean,
  weightedProblem,
} from "./bilevel/problem.js";
export {
  hypergradient,
  hypergradientMethods,
  type HypergradientOptions,
} from "./bilevel/hypergradient/hypergradient.js";
export type { LevelOptions } from "./bilevel/level.js";
export { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./bilevel/checkpoint.js";
export { SpeedMeter, type TimeScales } from "./bilevel/timeScales.js";
export { type InnerLoop } from "./bilevel/innerLoop.js";
export {
  type Bilevel,
  type BilevelOptions,
  type BilevelState,
  type Iteration,
  solveBilevel,
  type UpperOptions,
} from "./bilevel/engine.js";

// scores → selection → numbers
export { scoreSolutions, scoreSteps } from "./model/score.js";
export { bestOfK, bestOfN, oracle, passAtK, randomChoice, type ScoredPool, selectBest } from "./select/bestOfN.js";
export { majorityVote, weightedVote } from "./select/vote.js";
export {
  chooseThresholds,
  type DomainEvaluation,
  evaluateSolutions,
  evaluateSteps,
  type SolutionEvaluation,
  type SolutionEvaluationOptions,
  type SolutionScores,
  type StepEvaluation,
} from "./select/evaluate.js";
export type { PrmMetric, PrmMetrics, Thresholds } from "./select/prmMetrics.js";
export type { Label } from "./select/labels.js";
export { rocAuc } from "./select/rocAuc.js";
export {
  accuracy,
  type Confusion,
  confusionAt,
  confusionOf,
  f1,
  matthews,
  negated,
  precision,
  prmScore,
  recall,
} from "./select/confusion.js";
export { chooseThreshold, type ChosenThreshold } from "./select/threshold.js";
export {
  chooseFirstErrorThreshold,
  type FirstErrorSample,
  firstErrorScore,
  type FirstErrorScore,
  labelledFirstError,
  predictedFirstError,
} from "./select/firstError.js";
export { mrScoreParts, type MrScoreParts } from "./select/mrScore.js";
export {
  type BinOptions,
  brierScore,
  type CalibrationBin,
  calibrationCurve,
  expectedCalibrationError,
} from "./select/calibration.js";
export { effectiveSampleSize, evaluateWeights, type WeightEvaluation } from "./select/weights.js";

// a policy model → candidates, step labels, meta sets, search
export { openPolicy, type Policy, type PolicyUsage } from "./sampling/policy.js";
export type { PolicyOptions } from "./sampling/policyOptions.js";
export { BudgetError } from "./sampling/budget.js";
export { EndpointError } from "./sampling/endpointError.js";
export { StoppedError } from "./sampling/sender.js";
export { loadQuestions, type Question } from "./sampling/question.js";
export { loadSolved, type Solved, toSolvedRow } from "./sampling/solved.js";
export { defaultTemplates, readTemplate, type Template } from "./sampling/template.js";
export { type AnswerMatch, sameAnswer } from "./sampling/answerMatch.js";
export { type Judge, matchJudge, policyJudge } from "./sampling/judge.js";
export { sampleSolutions } from "./sampling/sample.js";
export { type LabelledRow, labelSteps } from "./sampling/label.js";
export { type Stopping, stoppingBias } from "./sampling/stopping.js";
export { buildMeta, type BuiltMeta } from "./sampling/buildMeta.js";
export { toConversationRows } from "./sampling/conversationRow.js";
export { beamSearch, type SearchResult, type StepScorer } from "./sampling/beamSearch.js";

// candidates → a choice, by any selector → accuracy with intervals over questions
export { aggregatedKey, aggregatedScore, type ScoreAggregation, scoreAggregations } from "./select/aggregateScores.js";
export { byGenerator, type Candidate, questionOf, type ScoredQuestion, type StepScores } from "./select/candidates.js";
export { openScoredPools, type ScoredPoolFile } from "./select/scoredPools.js";
export {
  baselineSelectors,
  generatorSelector,
  oracleSelector,
  outcomeSelector,
  randomSelector,
  rewardSelectorName,
  rewardSelectors,
  scoreSelector,
  type Selection,
  type Selector,
  type SelectorOptions,
} from "./select/selectors.js";
export { type Ballot, subsetVote, type VoteShare, voteWinner } from "./select/voteSubsets.js";
export { evaluatePools, type PoolEvaluationOptions } from "./select/evaluatePools.js";
export type { Estimate, PoolEvaluation, SelectorComparison, SelectorEvaluation } from "./select/poolEvaluation.js";
export { type McNemar, mcNemar } from "./select/mcNemar.js";
export { scoreQuestions, type TrainedModel } from "./study/scoreQuestions.js";

// numbers over seeds → how sure they are
export { mean, spearman, std } from "./core/statistics.js";
export { bootstrapInterval } from "./select/bootstrap.js";
export { meanInterval, studentTQuantile } from "./select/studentT.js";
export {
  headroomClosed,
  type HeadroomClosed,
  pairedDifference,
  type PairedDifference,
  signFlipTest,
  type SignFlipTest,
} from "./select/paired.js";

// studies: methods × seeds, evaluated
export { type Method, methodNames, methods } from "./study/methods.js";
export type { StudyConfig, StudyData } from "./study/config.js";
export { encodeStudy, type Outcome, trainRun } from "./study/trainRun.js";
export { type MethodReport, reportMethods, type Spread, type StudyReport, studyReport } from "./study/report.js";

// runs
export { openStore, type RunFilter, type StartRun, type Store } from "./tracker/store.js";
export type { RunOptions } from "./tracker/runOptions.js";
export type { LabelChanges } from "./tracker/labels.js";
export type { Trashed } from "./tracker/trash.js";
export type { Run } from "./tracker/run.js";
export { digestOf, type Digests, type MetricDigest, type Point } from "./tracker/digest.js";
export type { RunRecord, RunSummary } from "./tracker/runRecord.js";
export { type RunQuery, queryRuns, selectRuns } from "./tracker/query/queryRuns.js";
export { QueryError } from "./tracker/query/queryError.js";
export { bestDirection, type Direction, type Directions, metricValue, type Statistic } from "./tracker/metricValue.js";
export {
  type ComparedGroup,
  type ComparedRun,
  type CompareOptions,
  type Comparison,
  compareRuns,
} from "./tracker/compare.js";
export type { Spread as RunSpread } from "./tracker/spread.js";
export { compareGroups, type GroupComparison } from "./tracker/compareGroups.js";
export { diffRuns, type RunDifference } from "./tracker/diffRuns.js";

// weights over time
export { AlphaSeries } from "./tracker/alpha/series.js";
export { type AlphaEntrySeries, type AlphaReader, openAlpha } from "./tracker/alpha/reader.js";
export {
  type AlphaHistogram,
  alphaHistogram,
  type AlphaQuantiles,
  alphaQuantiles,
} from "./tracker/alpha/distribution.js";
export { type AlphaEntry, bottomEntries, type EntryTexts, rowTexts, topEntries } from "./tracker/alpha/entries.js";
export { type AlphaMovement, alphaMovement, type MovedEntry } from "./tracker/alpha/movement.js";
export { type AlphaCorrelation, alphaCorrelation } from "./tracker/alpha/correlation.js";
export {
  type WrongLabelDetector,
  wrongLabelDetector,
  type WrongLabelRoc,
  wrongLabelRoc,
} from "./tracker/alpha/detector.js";

// runs → tables, other trackers, archives
export { toDataFrame } from "./tracker/dataFrame.js";
export { metricsTable, runsTable, type TableCell, type TableRow } from "./tracker/exchange/tables.js";
export { toCsv, toJson, toParquet, writeTable } from "./tracker/exchange/writeTable.js";
export { writeTensorBoard } from "./tracker/exchange/tensorBoard.js";
export { type ImportedRun, importRuns } from "./tracker/exchange/importRuns.js";
export { type PackedRuns, packRuns } from "./tracker/exchange/packRuns.js";
export { type UnpackedRuns, unpackRuns } from "./tracker/exchange/unpackRuns.js";

// runs → one page to look at
export { runReport, writeReport } from "./report/report.js";
export type { ReportOptions, ReportSource, WriteReportOptions } from "./report/report.js";
export type { WeightText } from "./report/collect.js";

// figures
export {
  alphaAgainstQuality,
  alphaOverTime,
  barsWithSpread,
  bestOfKCurves,
  type BestOfKOptions,
  calibrationDiagram,
  type CalibrationOptions,
  type CalibrationSeries,
  detectorCurve,
  type DetectorRun,
  type ErrorSeries,
  type HeadroomEntry,
  type HeadroomOptions,
  headroomPlot,
  hypergradientError,
  type HypergradientErrorOptions,
  type IntervalEntry,
  intervals,
  type IntervalsOptions,
  type ScalingSeries,
  type Series,
  trainingCurves,
  weightFan,
  weightHistogram,
  weightMovement,
} from "./figures/figures.js";
export { type LatexCell, type LatexColumn, type LatexSpread, type LatexTable, latexTable } from "./figures/latex.js";
export { type AccuracyRow, type AccuracyTableOptions, benchmarkTable, gainTable } from "./figures/accuracyTables.js";
export { scalingCurves, type ScalingRow } from "./figures/scalingCurves.js";
export type { Figure } from "./figures/types.js";
export {
  closeBrowser,
  exportFigure,
  exportFigures,
  type ExportOptions,
  type Provenance,
  renderPng,
  renderSvg,
} from "./figures/render.js";
export { liveFigure, show } from "./figures/display.js";
export { showTable } from "./figures/table.js";
export { type LiveRun, liveRun, type LiveRunOptions } from "./views/liveRun.js";
export { showRuns, type ShowRunsOptions } from "./views/showRuns.js";

// notebooks
export { runNotebook } from "./notebook/run.js";
