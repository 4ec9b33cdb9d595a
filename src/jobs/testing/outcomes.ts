import assert from "node:assert/strict";
import type { Fault } from "./fakeApi.ts";
import { SPEC, type World } from "./launches.ts";

export const JOB_PATH = `/apis/kubeflow.org/v1/namespaces/alice/pytorchjobs/${SPEC.name}`;

/** Each of them once must never spoil a launch. */
export const FAULTS: readonly Fault[] = [
  "lost-request",
  "lost-response",
  "late",
  "cut-response",
  { status: 503 },
  { status: 429 },
];

/** Exactly one root that may run, owning its code; or nothing at all. */
export function assertStarted(world: World): void {
  const jobs = world.api.all("pytorchjobs");
  assert.equal(jobs.length, 1);
  assert.equal(jobs[0]?.spec?.runPolicy?.suspend, false);
  const codes = world.api.all("configmaps");
  assert.equal(codes.length, 1);
  assert.equal(codes[0]?.metadata.ownerReferences?.[0]?.uid, jobs[0].metadata.uid);
}

export function assertNothing(world: World): void {
  assert.equal(world.api.objects.size, 0);
}

/** At no moment may a job run without its code, and never are there two. */
export function watch(world: World): void {
  world.api.onServed = () => {
    const jobs = world.api.all("pytorchjobs");
    assert.ok(jobs.length <= 1);
    const running = jobs.some((job) => job.spec?.runPolicy?.suspend === false);
    if (running) assert.equal(world.api.all("configmaps").length, 1);
  };
}

export async function resumeAll(world: World): Promise<void> {
  const launcher = world.launcher();
  for (const entry of await world.journal.list()) await launcher.resume(entry, world.client);
}
