/** What a PDF as Chromium writes it says of itself, without any tool. */
export function pdfFacts(pdf: string): {
  width: number;
  height: number;
  images: number;
  type3: number;
  fonts: number;
  embedded: number;
} {
  const [left, bottom, right, top] = (/\/MediaBox \[([^\]]+)\]/.exec(pdf)?.[1] ?? "").split(" ").map(Number);
  const count = (pattern: RegExp): number => pdf.match(pattern)?.length ?? 0;
  return {
    width: right - left,
    height: top - bottom,
    images: count(/\/Subtype \/Image\b/g),
    type3: count(/\/Subtype \/Type3\b/g),
    fonts: count(/\/Type \/FontDescriptor\b/g),
    embedded: count(/\/FontFile[23]? \d+ \d+ R/g),
  };
}
