import { loadTensors, saveTensors } from "../core/safetensors.js";
import type { PlainParams } from "../core/tree.js";
import type { PlainLevel } from "./alpha.js";
import type { BilevelState, PlainMemory } from "./engine.js";

const FORMAT = "dreamprm-lab bilevel state 1";

/** A checkpoint as it was read. */
export interface Checkpoint {
  readonly state: BilevelState;
  /** what `saveCheckpoint` was given besides */
  readonly extra: unknown;
  readonly trees: Readonly<Record<string, PlainParams>>;
}

/**
 * Writes everything that the iterations to come depend on into one SafeTensors file: tensors as they are, numbers and
 * `extra` as JSON in its header. The file appears whole or not at all, so a kill at any time leaves the one before.
 *
 * @param extra  plain data of the caller, such as the configuration
 * @param trees  further tensors of the caller, by name
 */
export async function saveCheckpoint(
  path: string,
  state: BilevelState,
  extra: unknown = null,
  trees: Readonly<Record<string, PlainParams>> = {},
): Promise<void> {
  const { iteration, upperUpdates, scheduled, phi, alpha, memory, accumulated, innerStart } = state;
  const tensors = {
    ...named("phi", phi),
    ...named("alpha", alpha),
    ...namedMoments("phi", memory.phi),
    ...namedMoments("alpha", memory.alpha),
    ...named("accumulated", accumulated),
    ...named("innerStart", innerStart?.params),
    ...(innerStart && namedMoments("innerStart", innerStart)),
    ...Object.assign({}, ...Object.entries(trees).map(([name, tree]) => named(`tree.${name}`, tree))),
  } as PlainParams;
  const numbers: Numbers = {
    iteration,
    upperUpdates,
    scheduled,
    phiUpdates: memory.phi.updates,
    alphaUpdates: memory.alpha.updates,
    accumulated: accumulated !== undefined,
    ...(innerStart && {
      innerStart: { updates: innerStart.updates, iteration: innerStart.iteration, scheduled: innerStart.scheduled },
    }),
    momentNames: {
      phi: Object.keys(memory.phi.moments),
      alpha: Object.keys(memory.alpha.moments),
      innerStart: Object.keys(innerStart?.moments ?? {}),
    },
    trees: Object.keys(trees),
  };
  await saveTensors(path, tensors, { format: FORMAT, state: JSON.stringify(numbers), extra: JSON.stringify(extra) });
}

interface Numbers {
  readonly iteration: number;
  readonly upperUpdates: number;
  readonly scheduled: number;
  readonly phiUpdates: number;
  readonly alphaUpdates: number;
  readonly accumulated: boolean;
  readonly innerStart?: { readonly updates: number; readonly iteration: number; readonly scheduled: number };
  readonly momentNames: Readonly<Record<"phi" | "alpha" | "innerStart", readonly string[]>>;
  readonly trees: readonly string[];
}

/** @throws Error naming the file when it is no checkpoint, or damaged */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await loadTensors(path);
  if (metadata.format !== FORMAT)
    throw new Error(`${path} is no checkpoint of this version: ${metadata.format ?? "no format"}`);
  const numbers = JSON.parse(metadata.state) as Numbers;
  const tree = (prefix: string): PlainParams => {
    const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}|`));
    return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]));
  };
  const memory = (which: "phi" | "alpha" | "innerStart", updates: number): PlainMemory => ({
    updates,
    moments: Object.fromEntries(numbers.momentNames[which].map((name) => [name, tree(`${which}.${name}`)])),
  });
  const { iteration, upperUpdates, scheduled, innerStart } = numbers;
  const start: (PlainLevel & { iteration: number; scheduled: number }) | undefined = innerStart && {
    ...memory("innerStart", innerStart.updates),
    params: tree("innerStart"),
    iteration: innerStart.iteration,
    scheduled: innerStart.scheduled,
  };
  return {
    state: {
      iteration,
      upperUpdates,
      scheduled,
      phi: tree("phi"),
      alpha: tree("alpha"),
      memory: { phi: memory("phi", numbers.phiUpdates), alpha: memory("alpha", numbers.alphaUpdates) },
      ...(numbers.accumulated && { accumulated: tree("accumulated") }),
      ...(start && { innerStart: start }),
    },
    extra: JSON.parse(metadata.extra) as unknown,
    trees: Object.fromEntries(numbers.trees.map((name) => [name, tree(`tree.${name}`)])),
  };
}

function named(prefix: string, tree: PlainParams = {}): PlainParams {
  return Object.fromEntries(Object.entries(tree).map(([name, tensor]) => [`${prefix}|${name}`, tensor]));
}

function namedMoments(prefix: string, { moments }: Pick<PlainMemory, "moments">): PlainParams {
  return Object.assign(
    {},
    ...Object.entries(moments).map(([name, tree]) => named(`${prefix}.${name}`, tree)),
  ) as PlainParams;
}
