export { alphaAgainstQuality, alphaOverTime, type AlphaOverTimeOptions, type WeightSeries } from "./alpha.js";
export { barsWithSpread, type BarGroup, type BarsOptions } from "./bars.js";
export { bestOfKCurves, trainingCurves, type Series } from "./curves.js";
