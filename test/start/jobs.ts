// What the editor's launches have left on a cluster, after the editor is gone: found in the extension's own journal,
// deleted by its own engine, so that it works on any cluster that the road works on.
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { silentLogger } from "../../src/core/log.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createEngine } from "../../src/engine.ts";
import { LaunchJournal, type LaunchEntry } from "../../src/jobs/journal.ts";
import { isApiError } from "../../src/kube/errors.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";

/** @param storage folder of the extension in the editor's profile */
export function launchesOf(storage: string): Promise<readonly LaunchEntry[]> {
  return new LaunchJournal(path.join(storage, "launches"), { log: silentLogger, clock: systemClock }).list();
}

/** Deletes the jobs of these launches with all that they own; one that is gone already is no failure. */
export async function deleteJobs(launches: readonly LaunchEntry[], kubeconfig: string, storage: string): Promise<void> {
  const engine = createEngine({
    version: "start",
    installation: "start",
    home: os.homedir(),
    env: { ...process.env, KUBECONFIG: kubeconfig },
    storage,
    state: { get: () => undefined, set: () => Promise.resolve() },
    kubeconfigPaths: () => [],
    proxy: () => undefined,
    log: silentLogger,
  });
  try {
    await engine.load();
    for (const { context, namespace, name } of launches) {
      try {
        const { client } = engine.cluster(context).connection;
        const { metadata } = await client.get(PYTORCH_JOB, name, namespace);
        await engine.deleteObject(context, { resource: PYTORCH_JOB, name, namespace, uid: metadata.uid ?? "" });
      } catch (error) {
        if (!isApiError(error) || error.status !== 404) throw error;
      }
    }
  } finally {
    engine.dispose();
  }
}
