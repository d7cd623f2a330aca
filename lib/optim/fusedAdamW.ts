import * as tf from "@tensorflow/tfjs-core";
import type { AdamWStep } from "./optimizer.js";

/** What this file uses of the native backend: any TensorFlow kernel by name, with its attributes. */
interface NativeBackend {
  readonly binding: Readonly<
    Record<"TF_ATTR_TYPE" | "TF_ATTR_SHAPE" | "TF_ATTR_STRING" | "TF_ATTR_BOOL" | "TF_FLOAT", number>
  >;
  executeSingleOutput(name: string, attributes: Attribute[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}
interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/**
 * The AdamW update of one tensor by TensorFlow's own `ResourceApplyAdam`, one pass over memory instead of a dozen;
 * undefined on other backends. Tensors are values to the caller: the variables live for this call only.
 */
export function fusedAdamW(step: AdamWStep): { p: tf.Tensor; m: tf.Tensor; v: tf.Tensor } | undefined {
  if (tf.getBackend() !== "tensorflow" || step.p.size < SMALL) return undefined;
  const backend = tf.backend() as unknown as NativeBackend;
  const { binding } = backend;
  const type = { name: "dtype", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const variable = (initial: tf.Tensor) => {
    const handle = backend.executeSingleOutput(
      "VarHandleOp",
      [
        type,
        { name: "shape", type: binding.TF_ATTR_SHAPE, value: initial.shape },
        { name: "container", type: binding.TF_ATTR_STRING, value: "" },
        { name: "shared_name", type: binding.TF_ATTR_STRING, value: ANONYMOUS },
      ],
      [],
    );
    backend.executeMultipleOutputs("AssignVariableOp", [type], [handle, initial], 0);
    return handle;
  };
  const read = (handle: tf.Tensor) => backend.executeSingleOutput("ReadVariableOp", [type], [handle]);
  const p = variable(step.decay === 1 ? step.p : tf.mul(step.p, step.decay));
  const [m, v] = [variable(step.m), variable(step.v)];
  // The corrections are in stepSize and epsilon already, so the kernel's own powers of β are 0.
  const scalars = [0, 0, step.stepSize, step.beta1, step.beta2, step.epsilon].map((value) => tf.scalar(value));
  const attributes = [
    { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: "use_locking", type: binding.TF_ATTR_BOOL, value: false },
    { name: "use_nesterov", type: binding.TF_ATTR_BOOL, value: false },
  ];
  backend.executeMultipleOutputs("ResourceApplyAdam", attributes, [p, m, v, ...scalars, step.g], 0);
  return { p: read(p), m: read(m), v: read(v) };
}

/** below this many entries the calls cost more than they save */
const SMALL = 4096;
/** TensorFlow's name for a variable that dies with its handle */
const ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";
