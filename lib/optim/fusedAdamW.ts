import * as tf from "@tensorflow/tfjs-core";
import { isSmall } from "../core/host.js";
import { type NativeBackend, nativeBackend } from "../core/nativeBinding.js";
import { type NativeKernels, nativeKernels } from "../core/nativeKernels.js";
import { type WasmLoops, wasmLoops } from "../core/wasmLoops.js";
import type { AdamWResult, AdamWStep } from "./adamW.js";

/** TensorFlow's name for a variable that dies with its handle */
const ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/**
 * The AdamW updates of several tensors with the same numbers, each in one pass over memory; takes over p, m and v.
 * Undefined where that gains nothing.
 */
export function fusedAdamW(steps: readonly AdamWStep[]): readonly (AdamWResult | undefined)[] {
  const kernels = nativeKernels();
  return kernels && steps.length > 0 ? inOneOperation(steps, kernels) : steps.map(oneByOne);
}

function inOneOperation(steps: readonly AdamWStep[], kernels: NativeKernels): AdamWResult[] {
  const [{ beta1, beta2, stepSize, epsilon, decay }] = steps;
  const numbers = [beta1, 1 - beta1, beta2, 1 - beta2, stepSize, epsilon, decay];
  const all = (part: "p" | "g" | "m" | "v") => steps.map((step) => step[part]);
  const inputs = [tf.tensor1d(numbers), ...all("p"), ...all("g"), ...all("m"), ...all("v")];
  const out = kernels("AdamW", inputs, 3 * steps.length, steps.length);
  return steps.map((_, i) => ({ p: out[i], m: out[steps.length + i], v: out[2 * steps.length + i] }));
}

function oneByOne(step: AdamWStep): AdamWResult | undefined {
  if (isSmall(step.p)) return onHost(step);
  const native = nativeBackend();
  if (native) return byTensorFlow(step, native);
  const loops = wasmLoops();
  return loops && step.p.size % 4 === 0 ? inOneLoop(step, loops) : undefined;
}

/** In double precision, rounded once; the moments then stay in JavaScript's memory. */
function onHost({ beta1, beta2, stepSize, epsilon, decay, ...tensors }: AdamWStep): AdamWResult {
  const { p: shaped } = tensors;
  const [g, p, m, v] = [tensors.g, shaped, tensors.m, tensors.v].map((x) => x.dataSync());
  const next = { p: new Float32Array(p.length), m: new Float32Array(p.length), v: new Float32Array(p.length) };
  for (let i = 0; i < p.length; i++) {
    next.m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    next.v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    next.p[i] = decay * p[i] - (stepSize * next.m[i]) / (Math.sqrt(next.v[i]) + epsilon);
  }
  const tensor = (values: Float32Array) => tf.tensor(values, shaped.shape);
  return { p: tensor(next.p), m: tensor(next.m), v: tensor(next.v) };
}

function inOneLoop({ p, m, v, g, ...numbers }: AdamWStep, { adamW, address, empty }: WasmLoops): AdamWResult {
  const result = { p: empty(p.shape), m: empty(m.shape), v: empty(v.shape) };
  const { beta1, beta2, stepSize, epsilon, decay } = numbers;
  const tensors = [p, m, v, g, result.p, result.m, result.v].map(address);
  adamW(...tensors, p.size, beta1, 1 - beta1, beta2, 1 - beta2, stepSize, epsilon, decay);
  return result;
}

/**
 * By TensorFlow's own `ResourceApplyAdam`. Disposing a tensor once its variable holds the data lets the kernel write in
 * place; where a clone elsewhere still needs the data TensorFlow copies first.
 */
function byTensorFlow(step: AdamWStep, native: NativeBackend): AdamWResult {
  const { binding } = native;
  const type = { name: "dtype", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const variable = (initial: tf.Tensor) => {
    const handle = native.executeSingleOutput(
      "VarHandleOp",
      [
        type,
        { name: "shape", type: binding.TF_ATTR_SHAPE, value: initial.shape },
        { name: "container", type: binding.TF_ATTR_STRING, value: "" },
        { name: "shared_name", type: binding.TF_ATTR_STRING, value: ANONYMOUS },
      ],
      [],
    );
    native.executeMultipleOutputs("AssignVariableOp", [type], [handle, initial], 0);
    initial.dispose();
    return handle;
  };
  const read = (handle: tf.Tensor) => native.executeSingleOutput("ReadVariableOp", [type], [handle]);
  const p = variable(step.decay === 1 ? step.p : tf.mul(step.p, step.decay));
  const [m, v] = [variable(step.m), variable(step.v)];
  // The corrections are in stepSize and epsilon already, so the kernel's own powers of β are 0.
  const scalars = [0, 0, step.stepSize, step.beta1, step.beta2, step.epsilon].map((value) => tf.scalar(value));
  const attributes = [
    { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: "use_locking", type: binding.TF_ATTR_BOOL, value: false },
    { name: "use_nesterov", type: binding.TF_ATTR_BOOL, value: false },
  ];
  native.executeMultipleOutputs("ResourceApplyAdam", attributes, [p, m, v, ...scalars, step.g], 0);
  return { p: read(p), m: read(m), v: read(v) };
}
