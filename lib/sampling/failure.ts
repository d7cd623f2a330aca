import { BudgetError } from "./budget.js";
import { EndpointError } from "./endpointError.js";
import { StoppedError } from "./sender.js";

/** What could not be done, and why. */
export interface Failure {
  /** of the question or solution */
  readonly id: string;
  readonly message: string;
}

/** What came of one item. */
export interface Done<T> {
  readonly results: readonly T[];
  readonly failure?: Failure;
}

/** The results, or the failure of this one item; what ends the whole job is thrown. */
export async function orFailure<T>(id: string, work: () => Promise<T[]>): Promise<Done<T>> {
  try {
    return { results: await work() };
  } catch (error) {
    if (!(error instanceof Error) || endsJob(error)) throw error;
    return { results: [], failure: { id, message: error.message } };
  }
}

/** Nothing else would fare better; with a full disk it would be paid for and lost. */
function endsJob(error: Error): boolean {
  if (error instanceof EndpointError) return error.kind === "setup";
  return error instanceof BudgetError || error instanceof StoppedError || "errno" in error;
}
