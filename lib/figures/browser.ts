import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { chromiumEnvironment, findChromium } from "./chromium.js";

const PROFILE = "dreamprm-chromium-";
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-zygote",
  "--disable-dev-shm-usage",
  "--font-render-hinting=none",
];

let browser: Promise<Browser> | undefined;
let busy = 0;

/**
 * Uses the process's one headless browser, which starts on first use. While nobody uses it, it does
 * not keep the process alive; it ends with the process, however that ends (its control pipe closes).
 *
 * @throws Error with the remedy when there is no Chromium or it does not start
 */
export async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  busy++;
  try {
    const current = await (browser ?? start());
    holdProcess(current, true);
    return await use(current);
  } finally {
    busy--;
    if (busy === 0 && browser !== undefined)
      await browser.then(
        (b) => holdProcess(b, false),
        () => undefined,
      );
  }
}

/** Ends the browser now. A later figure starts it again. */
export async function closeBrowser(): Promise<void> {
  const current = browser;
  browser = undefined;
  const started = await current?.catch(() => undefined);
  if (!started) return;
  holdProcess(started, true);
  await started.close();
}

function start(): Promise<Browser> {
  const starting = launch();
  browser = starting;
  const forget = (): void => void (browser === starting && (browser = undefined));
  starting.then((started) => started.once("disconnected", forget), forget);
  return starting;
}

async function launch(): Promise<Browser> {
  const found = findChromium();
  if ("missing" in found) {
    throw new Error(`Figures are drawn by a headless Chromium, and ${found.missing}. Remedy: ${found.remedy}.`);
  }
  removeOrphanedProfiles();
  const userDataDir = mkdtempSync(join(tmpdir(), `${PROFILE}${process.pid}-`));
  const removeProfile = (): void => removeFolder(userDataDir);
  try {
    const started = await puppeteer.launch({
      executablePath: found.path,
      env: chromiumEnvironment(found),
      pipe: true,
      userDataDir,
      args: flags,
      // The program decides what a signal means; the browser ends with it in any case.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const close = (): void => void closeBrowser();
    process.once("beforeExit", close); // ends it in order, so that it leaves no zombie where nobody reaps orphans
    process.once("exit", removeProfile);
    started.process()?.once("exit", () => {
      process.off("beforeExit", close);
      process.off("exit", removeProfile);
      removeProfile();
    });
    return started;
  } catch (error) {
    removeProfile();
    throw new Error(
      `Chromium (${found.source}: ${found.path}) did not start: ${(error as Error).message}. ` +
        "Remedy: install Chrome or Chromium with its libraries, or set DREAMPRM_CHROMIUM to one that starts.",
      { cause: error },
    );
  }
}

/** A page on which `prepare` has run, made once per browser; a new one where that failed or the page crashed. */
export function reusedPage(prepare: (page: Page) => Promise<void>): (browser: Browser) => Promise<Page> {
  const pages = new WeakMap<Browser, Promise<Page>>();
  const make = async (owner: Browser): Promise<Page> => {
    try {
      const page = await owner.newPage();
      page.once("error", () => pages.delete(owner));
      await prepare(page);
      return page;
    } catch (error) {
      pages.delete(owner);
      throw error;
    }
  };
  return (owner) => {
    const page = pages.get(owner) ?? make(owner);
    pages.set(owner, page);
    return page;
  };
}

function holdProcess(started: Browser, hold: boolean): void {
  const child = started.process();
  if (!child) return;
  const handles = [child, ...child.stdio] as ({ ref?(): void; unref?(): void } | null)[];
  for (const handle of handles) {
    if (hold) handle?.ref?.();
    else handle?.unref?.();
  }
}

function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // A browser that is just dying still writes into it; the next one to start removes what is left.
  }
}

/** Profiles of processes that were killed before they could remove them. */
function removeOrphanedProfiles(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PROFILE))) {
    const pid = Number(name.slice(PROFILE.length).split("-")[0]);
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") removeFolder(join(tmpdir(), name));
    }
  }
}
