import type { Step } from "../contract/preview.ts";
import { joined } from "../core/text.ts";
import type { InstallRecord } from "./record.ts";

/** Lines of the timeline, one for each component, in the order of the work. `aside` is added to what is under way. */
export function stepsOf({ components }: InstallRecord, aside = ""): readonly Step[] {
  return Object.entries(components).map(([id, { title, state, detail, startedAt, endedAt }]) => ({
    id: `kubeflow-${id}`,
    label: title,
    state,
    detail: joined([detail, state === "running" ? aside : ""]),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined || state === "running" || state === "waiting" ? {} : { endedAt }),
  }));
}
