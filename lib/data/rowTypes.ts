/** The rows that are written; `schema.ts` says what is read. */

export interface RowOptions {
  /** the folder that the rows will be written to, from which image paths are to count; defaults to leaving them */
  readonly folder?: string;
}

/** A row of DreamPRM's training format, with our optional columns last. */
export interface TrainRow {
  readonly id: string;
  /** 1-based number of the step */
  readonly sid: number;
  readonly input: string;
  readonly add: string;
  readonly image_path: string;
  readonly dataset: string;
  readonly accuracy: number;
  readonly question_id: string;
  readonly step_label?: 0 | 1;
  readonly step_starts?: readonly number[];
}

/** A row of DreamPRM's meta format, with our optional columns last. */
export interface MetaRow {
  readonly id: string;
  readonly true_false: boolean;
  readonly input: string;
  readonly image_path: string;
  readonly question_id: string;
  readonly dataset?: string;
  readonly generator?: string;
  readonly step_starts?: readonly number[];
  readonly step_labels?: readonly (0 | 1 | null)[];
}

/** A row of our evaluation format (ProcessBench's layout). */
export interface EvaluationRow {
  readonly id: string;
  readonly problem: string;
  readonly steps: readonly string[];
  readonly final_answer_correct: boolean;
  /** index of the first wrong step, -1 when none is */
  readonly label?: number;
  readonly step_labels?: readonly (0 | 1 | null)[];
  readonly domain?: string;
  readonly generator?: string;
  readonly answer?: string;
  readonly question_id: string;
  readonly image_path?: string;
}

/** A row of DreamPRM-1.5's test format, with our optional columns last: per candidate, null where it has none. */
export interface PoolRow {
  readonly id: string;
  readonly question_id: string;
  readonly question: string;
  readonly image_path: string;
  readonly domain?: string;
  readonly candidates: readonly string[];
  readonly true_false: readonly boolean[];
  readonly generators?: readonly (string | null)[];
  readonly answers?: readonly (string | null)[];
  readonly step_labels?: readonly (readonly (0 | 1 | null)[] | null)[];
  readonly step_starts?: readonly (readonly number[] | null)[];
}
