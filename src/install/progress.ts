// How far an install has come against what is planned.
import { inOrder } from "./graph.ts";
import { keyOf, refOf } from "./objects.ts";
import type { InstallPlan, PlannedComponent } from "./plan.ts";
import type { ComponentRecord, InstallRecord } from "./record.ts";

/** Finished, with the same objects, and all of them still there. */
export function isDone({ state, hash }: ComponentRecord, planned: PlannedComponent): boolean {
  return state === "done" && hash === planned.hash && planned.existing.missing === 0;
}

/** What was done before, as far as it is still the same, and what the plan adds. */
export function joinedRecord(before: InstallRecord | undefined, plan: InstallPlan, cluster: string): InstallRecord {
  const components: Record<string, ComponentRecord> = { ...before?.components };
  for (const one of plan.components) {
    const { id, title, needs } = one.component;
    const known = components[id];
    if (known !== undefined && isDone(known, one)) continue;
    const objects = one.objects.map(refOf);
    const keys = new Set(objects.map(keyOf));
    // What an older version had and this one lacks is still to be taken away one day.
    const older = known?.objects.filter((ref) => !keys.has(keyOf(ref))) ?? [];
    components[id] = {
      title,
      state: "waiting",
      detail: "",
      hash: "",
      objects: [...objects, ...older],
      kept: [...new Set([...(known?.kept ?? []), ...one.existing.foreign])],
      needs: [...needs],
    };
  }
  return {
    format: 1,
    cluster,
    intent: "install",
    choice: structuredClone(plan.choice) as InstallRecord["choice"],
    pin: plan.pin,
    updatedAt: 0,
    components: inOrder(components),
  };
}
