import { expect, test } from "vitest";
import { resizeBicubic } from "../../lib/image/resize.js";
import { golden, picture, sha256 } from "./helpers.js";

test.each(golden.resize)(
  "$from → $to is Pillow's result to the bit",
  async ({ from, to: [width, height], sha256: hash }) => {
    const resized = await resizeBicubic(picture(from), { width, height });
    expect([resized.width, resized.height, resized.data.length]).toEqual([width, height, width * height * 3]);
    expect(sha256(resized.data)).toBe(hash);
  },
);

test("follows the convolution in floating point within the two roundings", async () => {
  const [image, width, height] = [picture([37, 23]), 11, 41];
  const resized = await resizeBicubic(image, { width, height });
  const weights = (from: number, to: number, i: number) => {
    const stretch = Math.max(1, from / to);
    const centre = ((i + 0.5) * from) / to - 0.5;
    const raw = Array.from({ length: from }, (_, k) => {
      const x = Math.abs(k - centre) / stretch;
      if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
      return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
    });
    const sum = raw.reduce((a, b) => a + b);
    return raw.map((w) => w / sum);
  };
  let worst = 0;
  for (let y = 0; y < height; y++) {
    const down = weights(image.height, height, y);
    for (let x = 0; x < width; x++) {
      const across = weights(image.width, width, x);
      for (let c = 0; c < 3; c++) {
        const clipped = (value: number) => Math.min(255, Math.max(0, value));
        const row = (v: number) =>
          clipped(across.reduce((sum, w, u) => sum + w * image.data[(v * image.width + u) * 3 + c], 0));
        const exact = clipped(down.reduce((sum, w, v) => sum + w * row(v), 0));
        worst = Math.max(worst, Math.abs(exact - resized.data[(y * width + x) * 3 + c]));
      }
    }
  }
  expect(worst).toBeLessThan(1.3); // half a step of the columns, half a step of each row times Σ|w| < 1.6
});

test("the event loop turns while a large image is resized", async () => {
  let turns = 0;
  let running = true;
  const count = () => {
    turns++;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  await resizeBicubic(picture([2400, 1600]), { width: 1200, height: 800 });
  running = false;
  expect(turns).toBeGreaterThan(1);
});
