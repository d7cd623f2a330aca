/** The learning rate's factor as a function of how often the schedule was stepped (0 at the first update). */
export type Schedule =
  | { readonly kind: "constant" }
  /** γ^⌊count / stepSize⌋, `torch.optim.lr_scheduler.StepLR` */
  | { readonly kind: "stepLR"; readonly stepSize: number; readonly gamma: number }
  /** linear from 0 over `warmupSteps`, then ½(1 + cos π·progress) to 0 at `totalSteps`, as in transformers */
  | { readonly kind: "cosineWithWarmup"; readonly warmupSteps: number; readonly totalSteps: number };

export function scheduleFactor(schedule: Schedule, count: number): number {
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "stepLR":
      return schedule.gamma ** Math.floor(count / schedule.stepSize);
    case "cosineWithWarmup": {
      const { warmupSteps, totalSteps } = schedule;
      if (count < warmupSteps) return count / Math.max(1, warmupSteps);
      const progress = (count - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
      return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    }
  }
}
