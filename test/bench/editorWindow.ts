// The packaged extension in a real workbench, and a stopwatch inside its page: what a person waits for from a click to
// the rows, and from a change in the cluster to the text that says so.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { ROOT } from "../../scripts/build.ts";
import { packageExtension } from "../../scripts/package.ts";
import { step } from "../../scripts/steps.mjs";
import { ensureBrowser, ensureEditor } from "../editor/install.ts";
import { installExtension } from "../editor/serve.ts";
import { openEditor } from "../editor/session.ts";
import { Workbench } from "../editor/workbench.ts";
import type { OnEnd } from "./ending.ts";

/** Milliseconds after which what was waited for in the page is taken for lost. */
const LOST_MS = 60_000;
const CLOCK_ROUNDS = 30;
const ROWS = ".part.sidebar [role=treeitem]";

/** The rows of a namespace's training jobs. */
export const JOB_ROWS = `${ROWS}[aria-label*=", training job, "]`;

/** As CSS: rows whose text for a screen reader begins so. */
export function rowsFrom(start: string): string {
  return `${ROWS}[aria-label^=${JSON.stringify(start)}]`;
}

/** A context, and the kubeconfig whose only context it stands for. */
export type NamedContext = readonly [name: string, kubeconfig: string];

/**
 * A kubeconfig of several contexts that share nothing: each is a cluster that nobody has looked at yet, though the server
 * may be the same.
 */
export function manyContexts(file: string, contexts: readonly NamedContext[]): string {
  const read = contexts.map(([name, from]) => {
    const { clusters, users } = parse(fs.readFileSync(from, "utf8")) as {
      readonly clusters: readonly { readonly cluster: object }[];
      readonly users: readonly { readonly user: object }[];
    };
    return { name, cluster: clusters[0]?.cluster, user: users[0]?.user };
  });
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: read.map(({ name, cluster }) => ({ name, cluster })),
    users: read.map(({ name, user }) => ({ name, user })),
    contexts: read.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  };
  fs.writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

export class EditorWindow {
  readonly #workbench: Workbench;
  /** Ends it before the benchmark does, so that it takes nothing from what is measured next. */
  readonly end: () => Promise<void>;

  private constructor(workbench: Workbench, end: () => Promise<void>) {
    this.#workbench = workbench;
    this.end = end;
  }

  /** A window with a profile of its own that shows the clusters of these contexts. It is gone at the end. */
  static async open(contexts: readonly NamedContext[], onEnd: OnEnd): Promise<EditorWindow> {
    await ensureEditor();
    await ensureBrowser();
    const vsix = await step("packing the extension", async () =>
      packageExtension(path.join(ROOT, "out", "bench", "ours.vsix")),
    );
    return step("opening a window", async () => {
      const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-"));
      onEnd(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
      const extensionsDir = path.join(folder, "extensions");
      const userDataDir = path.join(folder, "user");
      await installExtension(vsix, extensionsDir, userDataDir);
      const env = { KUBECONFIG: manyContexts(path.join(folder, "kubeconfig"), contexts) };
      // Tall: what is out of sight is not in the page.
      const session = await openEditor({ extensionsDir, userDataDir, env, viewport: { width: 1280, height: 1600 } });
      onEnd(session.stop);
      const workbench = new Workbench(session);
      await workbench.ready();
      await workbench.hasView("Kubeflow", LOST_MS);
      await workbench.openView("Kubeflow");
      await workbench
        .treeRow(/, cluster, not connected/)
        .first()
        .waitFor();
      await workbench.page.evaluate(STOPWATCH);
      return new EditorWindow(workbench, session.stop);
    });
  }

  /** Opens a row by a click; milliseconds until what the selector means stands in the page. */
  async opened(row: RegExp, shows: string): Promise<number> {
    const { page } = this.#workbench;
    const target = this.#workbench.treeRow(row).first();
    await target.waitFor();
    await page.evaluate(`benchWatch(${JSON.stringify(shows)})`);
    await target.locator(".monaco-tl-twistie").click();
    return page.evaluate<number>("benchShown");
  }

  /** Closes a row, and waits until nothing is below it. */
  async close(row: RegExp, below: string): Promise<void> {
    await this.#workbench.treeRow(row).first().locator(".monaco-tl-twistie").click();
    await this.#workbench.page.locator(below).first().waitFor({ state: "detached" });
  }

  async expand(row: RegExp): Promise<void> {
    await this.#workbench.expandRow(row);
  }

  /** Waits for a row. */
  async ready(row: RegExp): Promise<void> {
    await this.#workbench.treeRow(row).first().waitFor({ timeout: LOST_MS });
  }

  /** Names of the rows on the screen that the selector means. */
  async names(rows: string): Promise<readonly string[]> {
    return this.#workbench.page.locator(rows).locator(".label-name").allInnerTexts();
  }

  /** What the row that begins with this says. */
  async textOf(name: string): Promise<string> {
    return this.#workbench.page.locator(ROWS, { hasText: name }).first().innerText();
  }

  /** Milliseconds that the page's clock is ahead of this process's `performance.now()`. */
  async clockAhead(): Promise<number> {
    let least = Infinity;
    let ahead = NaN;
    for (let round = 0; round < CLOCK_ROUNDS; round++) {
      const before = performance.now();
      const there = await this.#workbench.page.evaluate<number>("performance.now()");
      const after = performance.now();
      if (after - before >= least) continue;
      least = after - before;
      ahead = there - (before + after) / 2;
    }
    return ahead;
  }

  /** Waits for a row that begins with one text and contains another; `at` is the page's time when it did. */
  async text(name: string, words: string): Promise<{ readonly at: Promise<number> }> {
    const { page } = this.#workbench;
    await page.evaluate(`benchText(${JSON.stringify(name)}, ${JSON.stringify(words)})`);
    return { at: page.evaluate<number>("benchShownAt") };
  }
}

/**
 * Text, since it runs in the page. `benchShown` are the milliseconds from the press of the mouse until a change of the
 * page has brought what was asked for; `benchShownAt` is when it did.
 */
const STOPWATCH = `
  globalThis.benchUntil = (is) => new Promise((resolve, reject) => {
    const late = setTimeout(() => { observer.disconnect(); reject(new Error("it was not shown")); }, ${LOST_MS});
    const look = () => {
      if (!is()) return;
      observer.disconnect();
      clearTimeout(late);
      resolve(performance.now());
    };
    const observer = new MutationObserver(look);
    observer.observe(document.querySelector(".part.sidebar"), {
      subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-label"],
    });
  });
  globalThis.benchWatch = (selector) => {
    const pressed = new Promise((resolve) =>
      document.addEventListener("mousedown", (event) => resolve(event.timeStamp), { capture: true, once: true }));
    const shown = benchUntil(() => document.querySelector(selector) !== null);
    globalThis.benchShown = Promise.all([pressed, shown]).then(([from, to]) => to - from);
  };
  globalThis.benchText = (name, words) => {
    globalThis.benchShownAt = benchUntil(() => [...document.querySelectorAll(${JSON.stringify(ROWS)})].some(
      ({ textContent }) => textContent.startsWith(name) && textContent.includes(words)));
  };
  undefined;
`;
