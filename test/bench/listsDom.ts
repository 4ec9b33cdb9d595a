// The same namespace with very many jobs, in the editor: from the click to its rows, and from a change to its text.
import { setTimeout as delay } from "node:timers/promises";
import { say, step } from "../../scripts/steps.mjs";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { openCluster } from "./benchSandbox.ts";
import { EditorWindow, JOB_ROWS, rowsFrom } from "./editorWindow.ts";
import type { OnEnd } from "./ending.ts";
import { setState } from "./manyJobs.ts";

/** Milliseconds that the editor has to itself between two clicks. */
const REST_MS = 1_000;

/** Milliseconds from the click on the namespace to the first rows of its jobs, each in a cluster opened for the first time. */
export async function domOfLists(
  sandbox: Sandbox,
  namespace: string,
  repeats: number,
  onEnd: OnEnd,
): Promise<readonly number[]> {
  const contexts = Array.from({ length: repeats }, (_, at) => [`open-${at + 1}`, sandbox.kubeconfig] as const);
  const window = await EditorWindow.open(contexts, onEnd);
  const times: number[] = [];
  await step(`${repeats} times from the click to the rows`, async () => {
    for (const [name] of contexts) {
      const cluster = new RegExp(`^${name}, cluster`);
      await window.expand(cluster);
      const row = new RegExp(`^${namespace}, namespace`);
      await window.ready(row);
      await delay(REST_MS);
      times.push(await window.opened(row, JOB_ROWS));
      say(`${times.at(-1)?.toFixed(0) ?? ""} ms`);
      await window.close(cluster, rowsFrom(`${namespace}, namespace`));
      await delay(REST_MS);
    }
  });
  await window.end();
  return times;
}

/**
 * Milliseconds from before the request that changes a job's state until its row says so, where all are open. One change
 * a second: VS Code draws one that follows another within 200 ms only when nothing has changed for 200 ms.
 */
export async function domOfUpdates(
  sandbox: Sandbox,
  namespace: string,
  updates: number,
  onEnd: OnEnd,
): Promise<readonly number[]> {
  const window = await EditorWindow.open([["updates", sandbox.kubeconfig]], onEnd);
  const { connection, dispose } = await openCluster(sandbox.kubeconfig);
  onEnd(dispose);
  await window.expand(/^updates, cluster/);
  await window.expand(new RegExp(`^${namespace}, namespace`));
  await window.ready(/, training job, /);
  // The first rows come before the rest of them has been drawn.
  await delay(3 * REST_MS);
  const ahead = await window.clockAhead();
  const times: number[] = [];
  await step(`${updates} updates in the editor`, async () => {
    for (let at = 0; at < updates; at++) {
      // Anew each time: a row may have left the screen.
      const names = await window.names(JOB_ROWS);
      const name = names[Math.floor(names.length / 2)] ?? "";
      // What it says already would not be news.
      const state = (await window.textOf(name)).includes("Running") ? "Restarting" : "Running";
      const { at: shown } = await window.text(name, state);
      const begun = performance.now();
      await setState(connection.client, namespace, indexOf(name), state);
      times.push((await shown) - ahead - begun);
      await delay(REST_MS);
    }
  });
  await window.end();
  return times;
}

function indexOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? NaN);
}
