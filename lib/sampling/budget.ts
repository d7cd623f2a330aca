import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../data/dataError.js";
import { openJsonLines } from "./jsonLines.js";

/** Money per million tokens, in any currency. */
export interface Prices {
  readonly input: number;
  readonly output: number;
}

/** What a cache folder may cost in all, earlier runs included. Money needs prices. */
export interface Limits {
  readonly money?: number;
  /** input and output together */
  readonly tokens?: number;
  /** requests sent, repeated ones included */
  readonly requests?: number;
}

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** What has been spent. */
export interface Spent {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** absent where no price is known */
  readonly money?: number;
  /** requests whose cost was never told (cut off, killed), counted at the most that they can have cost */
  readonly unsettled: number;
}

export interface Reservation {
  /** name of the request in the ledger */
  readonly request: string;
  /** the endpoint says what it cost; without its word, or when the answer was lost, the most it can have cost stands */
  settle(tokens: Tokens | undefined): void;
}

export interface Budget {
  /**
   * Sets aside the most that one request can cost, before it is sent. Waits for requests under way where these may turn
   * out cheaper.
   *
   * @throws BudgetError when it cannot fit any more
   */
  reserve(most: Tokens): Promise<Reservation>;
  spent(): Spent;
  close(): void;
}

/** The budget does not allow another request. What was paid for is kept. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

const count = z.number().min(0);
const entry = z.union([
  z.object({
    request: z.string(),
    reserved: z.object({ input: count, output: count }),
    prices: z.object({ input: count, output: count }).optional(),
  }),
  z.object({ request: z.string(), spent: z.object({ input: count, output: count }) }),
]);

interface Item extends Tokens {
  readonly prices?: Prices;
}

/**
 * Opens `ledger.jsonl` in the folder: a line before each request with the most that it can cost, and a line after it
 * with what it did cost. A request that a killed process had under way keeps its first line, so it counts in full and
 * the limit holds over all runs on the folder.
 *
 * @throws RangeError for a limit in money without prices
 */
export async function openBudget(folder: string, options: { limits?: Limits; prices?: Prices } = {}): Promise<Budget> {
  const { limits = {}, prices } = options;
  if (limits.money !== undefined && !prices)
    throw new RangeError("a budget in money needs prices per million tokens (--input_price, --output_price)");
  const open = new Map<string, Item>();
  const total = { requests: 0, input: 0, output: 0, money: 0, priced: false };
  const add = ({ input, output, prices }: Item, sign: 1 | -1) => {
    total.input += sign * input;
    total.output += sign * output;
    if (prices) total.money += (sign * (input * prices.input + output * prices.output)) / 1e6;
    total.priced ||= prices !== undefined;
  };
  const begin = (request: string, item: Item) => {
    open.set(request, item);
    total.requests++;
    add(item, 1);
  };
  const end = (request: string, tokens: Tokens) => {
    const item = open.get(request);
    if (item === undefined) return false;
    open.delete(request);
    add(item, -1);
    add({ ...item, ...tokens }, 1);
    return true;
  };
  const file = await openJsonLines(join(folder, "ledger.jsonl"), (value, _place, where) => {
    const { success, data } = entry.safeParse(value);
    if (!success)
      throw new DataError(`${where}: is no entry of a ledger; take the file from a copy, or remove it to count anew`);
    if ("reserved" in data) begin(data.request, { ...data.reserved, ...(data.prices && { prices: data.prices }) });
    else if (!end(data.request, data.spent)) throw new DataError(`${where}: request ${data.request} was not begun`);
  });
  const lost = new Set(open.keys());
  const waiting: { most: Tokens; start: (reservation: Reservation) => void; fail: (error: Error) => void }[] = [];

  /** the first limit that the tokens would break, in words */
  const broken = ({ input, output }: Tokens): string | undefined => {
    const money = total.money + (prices ? (input * prices.input + output * prices.output) / 1e6 : 0);
    const needs = [
      ["requests", limits.requests, total.requests, total.requests + 1],
      ["tokens", limits.tokens, total.input + total.output, total.input + total.output + input + output],
      ["money", limits.money, total.money, money],
    ] as const;
    const bad = needs.find(([, limit, , after]) => limit !== undefined && after > limit * (1 + 1e-12));
    return (
      bad &&
      `${bad[0]}: ${rounded(bad[2])} of ${bad[1]} are spent, and the next request may take it to ${rounded(bad[3])}`
    );
  };
  const admit = () => {
    for (let next = waiting.at(0); next !== undefined; next = waiting.at(0)) {
      const reason = broken(next.most);
      if (reason !== undefined && open.size > lost.size && total.requests < (limits.requests ?? Infinity)) return;
      waiting.shift();
      if (reason !== undefined)
        next.fail(
          new BudgetError(`the budget is used up (${reason}); raise it and run the same command again to go on`),
        );
      else next.start(reservation(next.most));
    }
  };
  const reservation = (most: Tokens): Reservation => {
    const request = `${process.pid.toString(36)}-${Date.now().toString(36)}-${(total.requests + 1).toString(36)}`;
    file.append([{ request, reserved: most, ...(prices && { prices }) }]);
    begin(request, { ...most, ...(prices && { prices }) });
    return {
      request,
      settle(tokens) {
        if (tokens === undefined) lost.add(request);
        else {
          file.append([{ request, spent: tokens }]);
          end(request, tokens);
        }
        admit();
      },
    };
  };
  return {
    reserve: (most) =>
      new Promise((start, fail) => {
        waiting.push({ most, start, fail });
        admit();
      }),
    spent: () => ({
      requests: total.requests,
      inputTokens: total.input,
      outputTokens: total.output,
      ...(total.priced && { money: total.money }),
      unsettled: lost.size,
    }),
    close: () => file.close(),
  };
}

const rounded = (value: number): number => Number(value.toPrecision(6));
