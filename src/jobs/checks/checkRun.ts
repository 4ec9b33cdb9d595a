// Everything that can be known of a run before it is sent. Each check is a small function of its own; what a person may
// not read is said, and is no failure.
import { errorText, isCancelled } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { LIMIT_RANGE } from "../../kubeflow/kinds/resources.ts";
import { RUNTIME_KINDS } from "../../kubeflow/kinds/runtime.ts";
import type { RunPlan } from "../desk.ts";
import type { RuntimeUse } from "../spec.ts";
import { checkAccess } from "./access.ts";
import { checkDryRun } from "./dryRun.ts";
import { type CheckSources, type Finding, seen, type RoomSite, type Seen, type Site } from "./finding.ts";
import { checkLimits } from "./limits.ts";
import { checkNamespace, checkRuntime, codeFindings } from "./place.ts";
import { checkQuota } from "./quota.ts";
import { checkReferences } from "./references.ts";
import { checkRoom, readRoom } from "./room.ts";
import { checkStorage } from "./storage.ts";

type Check = (site: RoomSite) => Promise<readonly Finding[]> | readonly Finding[];

const CHECKS: readonly Check[] = [
  ({ snapshot }) => codeFindings(snapshot),
  checkAccess,
  checkDryRun,
  checkNamespace,
  checkRuntime,
  checkRoom,
  checkQuota,
  checkLimits,
  checkStorage,
  checkReferences,
];

/**
 * Tells what is found as it comes. Asks the cluster, and changes nothing. Resolves when all is told; rejects where the
 * signal aborts. A cluster that does not answer is one finding more.
 */
export async function checkRun(
  plan: RunPlan,
  sources: CheckSources,
  report: (finding: Finding) => void,
  signal: AbortSignal,
): Promise<void> {
  const { client } = sources;
  const { namespace, runtime } = plan.spec;
  const read = async ({ kind, name }: RuntimeUse): Promise<Seen<KubeObject>> =>
    seen(client.get(RUNTIME_KINDS[kind], name, kind === "TrainingRuntime" ? namespace : undefined, signal));
  const limitRanges = client.list<KubeObject>(LIMIT_RANGE, { namespace, limit: 50, signal });
  const site: Site = {
    ...{ ...plan, ...sources, signal },
    limitRanges: seen(limitRanges.then(({ items }) => items)),
    runtime: runtime === undefined ? Promise.resolve(undefined) : read(runtime),
  };
  const all: RoomSite = { ...site, room: readRoom(site) };
  let isTold = false;
  await Promise.all(
    CHECKS.map(async (check) => {
      try {
        for (const finding of await check(all)) if (!signal.aborted) report(finding);
      } catch (error) {
        if (isCancelled(error)) throw error;
        if (!isTold)
          report({ field: "cluster", level: "warning", text: `Not all was checked: ${label(errorText(error), 200)}` });
        isTold = true;
      }
    }),
  );
}
