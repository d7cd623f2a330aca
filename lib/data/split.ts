import path from "node:path";
import { random } from "../core/random.js";
import { normaliseQuestion } from "../text/question.js";

/** What belongs to a question: training samples, solutions and pools. */
export interface Asked {
  readonly questionId: string;
  readonly question: string;
  readonly image?: string;
  readonly domain?: string;
}

const SIXTY_FIFTEEN_TWENTYFIVE = { train: 0.6, meta: 0.15, test: 0.25 };

/**
 * Splits by question, within every domain: all items of one question, by id or by the same text and image, fall into
 * the same part. The parts of a domain's questions differ from `fractions` by less than one question each. The result
 * depends on the questions and the seed, not on the order of the items, and keeps their order.
 *
 * @param options.fractions of the questions, by name of the part, with sum 1; defaults to train .6, meta .15, test .25
 * @throws RangeError when the fractions are negative or do not sum to 1
 */
export function splitByQuestion<T extends Asked, K extends string = "train" | "meta" | "test">(
  items: readonly T[],
  options: { fractions?: Readonly<Record<K, number>>; seed: number },
): Record<K, T[]> {
  const fractions = (options.fractions ?? SIXTY_FIFTEEN_TWENTYFIVE) as Record<K, number>;
  const names = Object.keys(fractions) as K[];
  const sum = names.reduce((total, name) => total + fractions[name], 0);
  if (!(Math.abs(sum - 1) < 1e-9) || names.some((name) => fractions[name] < 0)) {
    throw new RangeError(`fractions ${JSON.stringify(fractions)} must not be negative and must sum to 1, not ${sum}`);
  }
  const groups = groupByQuestion(items);
  const partOf = new Map<string, K>();
  for (const [domain, questions] of questionsByDomain(items, groups)) {
    const shuffled = random(options.seed).fork(domain).shuffle(questions.sort());
    const sizes = apportion(
      shuffled.length,
      names.map((name) => fractions[name]),
    );
    const parts = names.flatMap((name, i) => Array.from({ length: sizes[i] }, () => name));
    shuffled.forEach((question, i) => partOf.set(question, parts[i]));
  }
  const result = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<K, T[]>;
  items.forEach((item, i) => result[partOf.get(groups[i]) as K].push(item));
  return result;
}

/** Whole numbers with sum `total` nearest to the fractions: largest remainders, the earlier first on a tie. */
function apportion(total: number, fractions: readonly number[]): number[] {
  const exact = fractions.map((fraction) => fraction * total);
  const sizes = exact.map((size) => Math.floor(size + 1e-9));
  const left = total - sizes.reduce((sum, size) => sum + size, 0);
  const byRemainder = exact
    .map((size, i) => ({ i, remainder: size - sizes[i] }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { i } of byRemainder.slice(0, left)) sizes[i]++;
  return sizes;
}

function questionsByDomain(items: readonly Asked[], groups: readonly string[]): Map<string, string[]> {
  const domains = new Map<string, Set<string>>();
  const seen = new Set<string>();
  items.forEach(({ domain = "" }, i) => {
    if (seen.has(groups[i])) return;
    seen.add(groups[i]);
    const questions = domains.get(domain) ?? new Set();
    domains.set(domain, questions.add(groups[i]));
  });
  return new Map([...domains].map(([domain, questions]) => [domain, [...questions]]));
}

/** Per item the smallest name of its group, where items with one id, or one text and image, are one group. */
function groupByQuestion(items: readonly Asked[]): string[] {
  const parent = new Map<string, string>();
  const root = (name: string): string => {
    let at = name;
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up;
    parent.set(name, at);
    return at;
  };
  const keys = textKeys(items);
  items.forEach(({ questionId }, i) => {
    const [a, b] = [root(`id ${questionId}`), root(`text ${keys[i]}`)];
    parent.set(a < b ? b : a, a < b ? a : b);
  });
  return items.map(({ questionId }) => root(`id ${questionId}`));
}

const SHOWN = 20;

/**
 * Refuses sets that share a question, by id or by the same normalised text and image name.
 *
 * @throws Error naming the sets and up to 20 shared question ids of each pair
 */
export function refuseOverlap(
  sets: Readonly<Partial<Record<"train" | "meta" | "validation" | "test", readonly Asked[]>>>,
): void {
  const named = Object.entries(sets).map(([name, items]) => ({ name, keys: questionKeys(items) }));
  const faults = named.flatMap((a, i) => named.slice(i + 1).flatMap((b) => sharedQuestions(a, b)));
  if (faults.length > 0) {
    throw new Error(
      `${faults.join("\n")}\nSplit by question (splitByQuestion), or leave these questions out of one set.`,
    );
  }
}

interface NamedKeys {
  readonly name: string;
  readonly keys: ReadonlyMap<string, string>;
}

function sharedQuestions(a: NamedKeys, b: NamedKeys): string[] {
  const shared = [...new Set([...b.keys].flatMap(([key, id]) => (a.keys.has(key) ? [id] : [])))];
  if (shared.length === 0) return [];
  const more = shared.length > SHOWN ? ` and ${shared.length - SHOWN} more` : "";
  return [`${a.name} and ${b.name} share ${shared.length} question(s): ${shared.slice(0, SHOWN).join(", ")}${more}`];
}

/** Both names of every question, with its id. */
function questionKeys(items: readonly Asked[]): Map<string, string> {
  const texts = textKeys(items);
  return new Map(
    items.flatMap(({ questionId }, i) => [
      [`id ${questionId}`, questionId] as const,
      [`text ${texts[i]}`, questionId] as const,
    ]),
  );
}

/** Normalised text and image name per item; each text is normalised once. */
function textKeys(items: readonly Asked[]): string[] {
  const known = new Map<string, string>();
  return items.map(({ question, image }) => {
    const text = known.get(question) ?? normaliseQuestion(question);
    known.set(question, text);
    return image === undefined ? text : `${text} ${path.basename(image)}`;
  });
}
