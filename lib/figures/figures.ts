export { alphaAgainstQuality } from "./alphaAgainstQuality.js";
export { alphaOverTime, type AlphaOverTimeOptions, type WeightSeries } from "./alphaOverTime.js";
export { barsWithSpread, type BarGroup, type BarsOptions } from "./bars.js";
export { bestOfKCurves, trainingCurves, type Series } from "./curves.js";
export { intervals, type IntervalEntry, type IntervalsOptions } from "./intervals.js";
