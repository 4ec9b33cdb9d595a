import assert from "node:assert/strict";
import { type Fault, isHeld } from "../../kubeflow/testing/fakeApi.ts";
import type { LaunchSpec } from "../spec.ts";
import { SPEC, type World } from "./launches.ts";

export const JOB_PATH = jobPath(SPEC);

export function jobPath({ kind, name }: LaunchSpec): string {
  const plural = kind === "TrainJob" ? "trainer.kubeflow.org/v1alpha1" : "kubeflow.org/v1";
  return `/apis/${plural}/namespaces/alice/${kind.toLowerCase()}s/${name}`;
}

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
  const { jobs } = world.api;
  assert.equal(jobs.length, 1);
  assert.ok(jobs[0] !== undefined && !isHeld(jobs[0]));
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
    const { jobs } = world.api;
    assert.ok(jobs.length <= 1);
    const running = jobs.some((job) => !isHeld(job));
    if (running) assert.equal(world.api.all("configmaps").length, 1);
  };
}

export async function resumeAll(world: World): Promise<void> {
  const launcher = world.launcher();
  for (const entry of await world.journal.list()) await launcher.resume(entry, world.client);
}
