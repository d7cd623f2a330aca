import { adamW } from "./adamW.js";
import { sgd } from "./sgd.js";
import type { Optimizer } from "./update.js";

export type OptimizerOptions =
  | { readonly kind: "sgd"; readonly momentum?: number; readonly weightDecay?: number }
  | {
      readonly kind: "adamw";
      readonly betas?: readonly [number, number];
      readonly epsilon?: number;
      readonly weightDecay?: number;
    };

export function optimizer(options: OptimizerOptions): Optimizer {
  switch (options.kind) {
    case "sgd":
      return sgd(options);
    case "adamw":
      return adamW(options);
  }
}
