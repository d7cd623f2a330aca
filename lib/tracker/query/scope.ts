import type { Directions } from "../metricValue.js";
import type { RunSummary } from "../runRecord.js";
import { QueryError } from "./queryError.js";
import type { Field } from "./fields.js";
import type { Node } from "./syntax.js";
import type { Kind, Value } from "./values.js";

/** A run, and what the query needs of its series once that was read. */
export interface Subject {
  readonly run: RunSummary;
  moments?: ReadonlyMap<Moment, number | undefined>;
}

/** One `metrics.NAME.at(step)` of a query. */
export interface Moment {
  readonly metric: string;
  readonly step: number;
}

/** A part of a query, ready to be evaluated. */
export interface Bound {
  readonly node: Node;
  /** "any": it shows only when a run is looked at; "null": the word null */
  readonly kind: Kind | "any" | "null";
  readonly of: (subject: Subject) => Value;
  readonly field?: Field;
}

/** Passes a result on and takes note of it; undefined is a misfit. */
export type Fit = <T>(result: T | undefined, why: () => string) => T | undefined;

interface Place {
  readonly at: number;
  /** operands that fitted were met */
  some: boolean;
  /** what was wrong with the first ones that did not */
  misfit: string | undefined;
}

/** What the parts of one query share. */
export class Scope {
  readonly runs: readonly RunSummary[];
  readonly directions: Directions | undefined;
  readonly moments: Moment[];
  readonly now = new Date();
  /** that the query names */
  readonly fields = new Set<string>();
  readonly #source: string;
  readonly #places: Place[] = [];

  /** @param moments  gets those of the query */
  constructor(source: string, runs: readonly RunSummary[], directions?: Directions, moments: Moment[] = []) {
    this.#source = source;
    this.runs = runs;
    this.directions = directions;
    this.moments = moments;
  }

  fit(at: number): Fit {
    const place: Place = { at, some: false, misfit: undefined };
    this.#places.push(place);
    return (result, why) => {
      if (result === undefined) place.misfit ??= why();
      else place.some = true;
      return result;
    };
  }

  /**
   * To be called when all runs were looked at: values that do not fit each other are no match in one run, but a mistake
   * when they fit in no run that has them.
   */
  checkFits(): void {
    for (const { at, some, misfit } of this.#places) {
      if (misfit !== undefined && !some) this.fail(at, `${misfit}, in every run that has a value here`);
    }
  }

  fail(at: number, message: string): never {
    throw new QueryError(this.#source, at, message);
  }
}
