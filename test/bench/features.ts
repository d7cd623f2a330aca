/** Steps encoded per second on one core: five-step solutions, about 200 characters a step, every prefix a row. */
import { random } from "../../lib/core/random.js";
import type { StepInput } from "../../lib/data/types.js";
import { hashedFeatures } from "../../lib/text/features.js";

const words = (
  "therefore the bar for Tea is taller than Coffee so we add both values and compare with the remaining total " +
  "because question asks how many more students chose apples which means difference between rows of table"
).split(" ");

function solutions(count: number): StepInput[] {
  const draw = random(1);
  return Array.from({ length: count }, (_, id) => {
    const question = `Question ${id}: the chart shows Tea ${draw.integer(50)}, Coffee ${draw.integer(50)} and Milk ${draw.integer(50)} sold in a week. What is the total of all drinks?`;
    const steps = Array.from({ length: 5 }, (_, i) => {
      const [a, b] = [draw.integer(60), draw.integer(60)];
      const prose = Array.from({ length: 26 }, () => draw.pick(words)).join(" ");
      return `Step ${i + 1}: ${prose}. Tea = ${a} and ${a} + ${b} = ${a + b + (draw.next() < 0.2 ? 1 : 0)}, ${a} × 3 = ${3 * a}.`;
    });
    return steps.map((_, i) => ({ question, steps: steps.slice(0, i + 1) }));
  }).flat();
}

const inputs = solutions(4000);
const characters = inputs.reduce((sum, { steps }) => sum + (steps.at(-1)?.length ?? 0), 0) / inputs.length;
console.log(`${inputs.length} steps of ${characters.toFixed(0)} characters on average`);
for (const verifiers of [false, true]) {
  const encoder = hashedFeatures({ verifiers });
  encoder.encode(inputs.slice(0, 1000));
  const [start, cpuStart] = [performance.now(), process.cpuUsage()];
  const { indices } = encoder.encode(inputs);
  const [seconds, cpu] = [(performance.now() - start) / 1000, process.cpuUsage(cpuStart)];
  const rate = Math.round(inputs.length / seconds).toLocaleString("en");
  const cpuRate = Math.round(inputs.length / ((cpu.user + cpu.system) / 1e6)).toLocaleString("en");
  console.log(
    `verifiers ${verifiers ? "on " : "off"}: ${rate} steps/s, ${cpuRate} steps per second of processor time, ${(indices.length / inputs.length).toFixed(0)} entries a row`,
  );
}
