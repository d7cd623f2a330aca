import { createHash } from "node:crypto";
import { stringify } from "../tracker/plain.js";
import { pageScript } from "./bundle.js";
import { style } from "./style.js";
import type { ReportData } from "./types.js";

/**
 * The whole page as HTML. Its policy lets run the one script that is ours, by its hash, and lets nothing be loaded:
 * whatever a run's name or note holds, it is text.
 */
export function reportDocument(data: ReportData): string {
  const script = `\n${pageScript()}\n`;
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Report</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This report draws its tables and curves with JavaScript, which is off. Its data stand in the element
<code>report-data</code> of this file, as JSON.</p></noscript>
<script type="application/json" id="report-data">${scriptSafe(stringify(data))}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that cannot end the script element it stands in, nor open a comment there. */
export const scriptSafe = (json: string): string => json.replaceAll("<", "\\u003c");

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
