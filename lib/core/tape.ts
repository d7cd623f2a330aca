import * as tf from "@tensorflow/tfjs-core";

/** A gradient is being recorded, so what is computed now will be differentiated. */
export function isRecorded(): boolean {
  return (tf.engine() as unknown as { isTapeOn(): boolean }).isTapeOn();
}
