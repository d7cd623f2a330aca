import { type Command, InvalidArgumentError, Option } from "commander";
import { answerMatches } from "../sampling/answerMatch.js";
import { type Judge, matchJudge, policyJudge } from "../sampling/judge.js";
import { openPolicy, type Policy } from "../sampling/policy.js";
import type { PolicyOptions } from "../sampling/policyOptions.js";
import {
  defaultTemplate,
  readTemplate,
  type Template,
  templateFields,
  type TemplateKind,
} from "../sampling/template.js";
import { integer, notNegative, positive, positiveInteger, share } from "./arguments.js";

/** What the commands that ask a policy take, after parsing. */
export interface PolicyFlags extends JudgeFlags, Omit<PolicyOptions, Composed> {
  out: string;
  cache?: string;
  timeout: number;
  attempts: number;
  budget?: number;
  budgetTokens?: number;
  budgetRequests?: number;
  inputPrice?: number;
  outputPrice?: number;
  template?: string;
  json?: boolean;
  quiet?: boolean;
}

/** made of several flags */
type Composed = "cache" | "timeoutMs" | "retry" | "budget" | "prices";

/** How answers are judged. */
interface JudgeFlags {
  match: (typeof answerMatches)[number] | "judge";
  tolerance?: number;
  judgeModel?: string;
  judgeTemplate?: string;
}

/** `--a_b, --a-b`: every name is understood with underscores and with hyphens. */
export function flag(names: string, description: string): Option {
  const [name, ...value] = names.split(" ");
  const hyphens = name.includes("_") ? `, --${name.replaceAll("_", "-")}` : "";
  return new Option([`--${name}${hyphens}`, ...value].join(" "), description);
}

export function addPolicyOptions(command: Command): Command {
  const number = (names: string, description: string, check: (text: string) => number, value?: number) => {
    const option = flag(`${names} <number>`, description).argParser(check);
    command.addOption(value === undefined ? option : option.default(value));
  };
  command
    .requiredOption("--model <name>", "model of the endpoint")
    .requiredOption("-o, --out <file>", "what to write")
    .addOption(flag("base_url <url>", "any OpenAI-compatible endpoint (default: $OPENAI_BASE_URL, else OpenAI)"))
    .addOption(flag("api_key_env <name>", "environment variable that holds the key").default("OPENAI_API_KEY"))
    .addOption(flag("api <name>", "chat completions or responses").choices(["chat", "responses"]).default("chat"))
    .option("--cache <folder>", "every completion is stored here before it is counted (default: <out>.cache)")
    .option("--template <file>", "own prompt, with {question}, {options} and where it applies {steps}");
  number("temperature", "of sampling (default: the endpoint's)", notNegative);
  number("top_p", "of sampling (default: the endpoint's)", share);
  number("max_tokens", "most tokens of a completion, reasoning included; a budget needs it", positiveInteger);
  number("seed", "completion i is drawn with seed + i, by a request of its own", integer);
  const efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
  command
    .addOption(flag("reasoning_effort <level>", "of reasoning models").choices(efforts))
    .addOption(flag("stop <texts...>", "texts that end a completion"))
    .addOption(flag("extra_body <json>", "more fields of every request: '{\"top_k\": 20}'").argParser(jsonObject));
  number("concurrency", "requests under way at once", positiveInteger, 8);
  number("timeout", "seconds for an attempt", positive, 600);
  number("attempts", "how often a request is sent at most", positiveInteger, 8);
  number("budget", "most money that the cache folder may cost in all, in the unit of the prices", positive);
  number("budget_tokens", "most tokens, input and output, in all", positive);
  number("budget_requests", "most requests, repeated ones included, in all", positiveInteger);
  number("input_price", "money per million input tokens", notNegative);
  number("output_price", "money per million output tokens", notNegative);
  number("image_tokens", "most tokens that the model makes of an image, for the budget", positiveInteger, 16_384);
  return addJudgeOptions(command.option("--json", "print one JSON value").option("--quiet", "no progress"));
}

function addJudgeOptions(command: Command): Command {
  return command
    .addOption(
      flag("match <kind>", "when an answer is the ground truth")
        .choices([...answerMatches, "judge"])
        .default("auto"),
    )
    .addOption(flag("tolerance <share>", "of --match numeric, relative (default: 0.001)").argParser(notNegative))
    .addOption(flag("judge_model <name>", "of --match judge, on the same endpoint (default: --model)"))
    .addOption(flag("judge_template <file>", "own prompt for --match judge, with {reference}, {answer}"));
}

export const cacheFolder = ({ cache, out }: Pick<PolicyFlags, "cache" | "out">): string => cache ?? `${out}.cache`;

export async function policyOf(flags: PolicyFlags): Promise<Policy> {
  const { inputPrice, outputPrice, budget, budgetTokens, budgetRequests } = flags;
  if ((inputPrice === undefined) !== (outputPrice === undefined))
    throw new Error("give both --input_price and --output_price, or neither");
  const { model, baseUrl, apiKeyEnv, api, temperature, topP, maxTokens, seed, reasoningEffort, stop, extraBody } =
    flags;
  const { concurrency, imageTokens, timeout, attempts } = flags;
  const given = {
    ...{ model, baseUrl, apiKeyEnv, api, temperature, topP, maxTokens, seed, reasoningEffort, stop, extraBody },
    ...{ concurrency, imageTokens, timeoutMs: Math.ceil(timeout * 1000), retry: { attempts } },
    budget: defined({ money: budget, tokens: budgetTokens, requests: budgetRequests }),
    prices: inputPrice === undefined ? undefined : { input: inputPrice, output: outputPrice },
  };
  return openPolicy({ ...defined(given), cache: cacheFolder(flags) } as PolicyOptions);
}

export function templateOf(kind: TemplateKind, file: string | undefined): Template {
  const [required, optional] = templateFields[kind];
  return file === undefined ? defaultTemplate(kind) : readTemplate(file, required, optional);
}

export function judgeOf({ match, tolerance, judgeModel, judgeTemplate }: JudgeFlags, policy: Policy): Judge {
  if (tolerance !== undefined && match !== "numeric")
    throw new Error("--tolerance has no effect without --match numeric");
  if (match !== "judge" && (judgeModel ?? judgeTemplate) !== undefined) {
    throw new Error("--judge_model and --judge_template have no effect without --match judge");
  }
  if (match !== "judge") return matchJudge(match, tolerance);
  return policyJudge(policy, {
    ...(judgeModel && { model: judgeModel }),
    template: templateOf("judge", judgeTemplate),
  });
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new InvalidArgumentError('It must be a JSON object such as {"top_k": 20}.');
}
