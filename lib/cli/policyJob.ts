import writeFileAtomic from "write-file-atomic";
import { writeRows } from "../data/write.js";
import { BudgetError } from "../sampling/budget.js";
import type { Done, Failure } from "../sampling/failure.js";
import type { Judge } from "../sampling/judge.js";
import type { Policy, PolicyUsage } from "../sampling/policy.js";
import { StoppedError } from "../sampling/sender.js";
import type { Template, TemplateKind } from "../sampling/template.js";
import { redactText } from "../tracker/redact.js";
import { cacheFolder, judgeOf, type PolicyFlags, policyOf, templateOf } from "./policyFlags.js";
import { progress } from "./progress.js";
import { numberText } from "./table.js";

/** What a job came to; kept next to its output with all that its rows depend on. */
export interface JobReport {
  readonly out: string;
  readonly rows: number;
  /** questions or solutions that were done, of how many */
  readonly done: number;
  readonly of: number;
  readonly failures: readonly Failure[];
  /** why it ended before its end */
  readonly ended?: string;
  readonly usage: PolicyUsage;
  readonly settings: object;
}

export interface Job<T> {
  /** items to do */
  readonly total: number;
  /** what the rows depend on, besides policy, judge and template */
  readonly settings: object;
  readonly results: AsyncIterable<Done<T>>;
  readonly row: (result: T) => object;
}

/** What a job works with. */
export interface Tools {
  readonly policy: Policy;
  readonly judge: Judge;
  readonly template: Template;
}

const SHOWN = 10;

/**
 * Runs a job on a policy and writes its rows, in order. Ctrl-C lets requests under way come in and says how to go on; a
 * budget that is used up ends the job with the rows that it has.
 */
export async function runJob<T>(
  name: string,
  kind: TemplateKind,
  flags: PolicyFlags,
  begin: (tools: Tools) => Job<T>,
): Promise<void> {
  const template = templateOf(kind, flags.template);
  const policy = await policyOf(flags);
  for (const note of policy.notes) console.error(note);
  const stop = () => {
    console.error("\nstopping when the requests under way have come in; again to stop at once");
    policy.stop();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    const tools = { policy, judge: judgeOf(flags, policy), template };
    const report = await written(name, flags, tools, begin(tools));
    console.log(flags.json ? JSON.stringify(report) : text(report, cacheFolder(flags)));
    if (report.failures.length > 0 || report.ended !== undefined) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    console.error(`dreamprm: stopped; what came in is in ${cacheFolder(flags)}, so the same command goes on from here`);
    process.exitCode = 130;
  } finally {
    for (const signal of signals) process.off(signal, stop);
    await policy.close();
  }
}

async function written<T>(name: string, flags: PolicyFlags, tools: Tools, job: Job<T>): Promise<JobReport> {
  const { policy, judge, template } = tools;
  const { total, results, row, settings } = job;
  const bar = progress(name, total, { quiet: flags.quiet === true });
  const failures: Failure[] = [];
  let [seen, ended] = [0, undefined as string | undefined];
  async function* rows() {
    try {
      for await (const { results: batch, failure } of results) {
        if (failure) failures.push(failure);
        bar.update(++seen, progressText(policy.usage()));
        yield* batch.map(row);
      }
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      ended = error.message;
    }
  }
  try {
    const count = await writeRows(flags.out, rows());
    const { model, baseUrl, api, temperature, topP, maxTokens, seed, reasoningEffort, stop, extraBody } = flags;
    const report = {
      ...{ out: flags.out, rows: count, done: seen - failures.length, of: total, failures },
      ...(ended !== undefined && { ended }),
      usage: policy.usage(),
      settings: {
        ...{
          model,
          baseUrl: baseUrl && redactText(baseUrl),
          api,
          temperature,
          topP,
          maxTokens,
          seed,
          reasoningEffort,
          stop,
          extraBody,
        },
        ...{ judge: judge.name, template: template.text, ...settings },
      },
    };
    await writeFileAtomic(`${flags.out}.record.json`, `${JSON.stringify(report, null, 2)}\n`);
    return report;
  } finally {
    bar.stop();
  }
}

function progressText({ requests, cached, money }: PolicyUsage): Record<string, string> {
  return {
    requests: String(requests),
    cached: String(cached),
    ...(money !== undefined && { cost: numberText(money) }),
  };
}

function text({ out, rows, done, of, failures, ended, usage }: JobReport, cache: string): string {
  const { received, cached, inputTokens, outputTokens, money, requests, unsettled } = usage;
  const cost = money === undefined ? "" : `, cost ${numberText(money)}`;
  const unknown = unsettled === 0 ? "" : `; ${unsettled} without an answer are counted at the most they can have cost`;
  return [
    `${out}: ${rows} rows; ${done} of ${of} done`,
    `completions: ${received} asked for, ${cached} from ${cache}`,
    `${cache} in all: ${requests} requests, ${inputTokens} input and ${outputTokens} output tokens${cost}${unknown}`,
    ...failures.slice(0, SHOWN).map(({ id, message }) => `failed: ${id}: ${message}`),
    ...(failures.length > SHOWN ? [`and ${failures.length - SHOWN} more failures (${out}.record.json)`] : []),
    ...(failures.length > 0 ? ["run the same command again to try the failed ones once more"] : []),
    ...(ended === undefined ? [] : [`ended early: ${ended}`]),
  ].join("\n");
}
