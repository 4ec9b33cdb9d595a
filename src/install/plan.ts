import type { Check } from "../contract/preview.ts";
import type { Clock } from "../core/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { changed } from "./changes.ts";
import {
  adminText,
  type Existing,
  existing,
  existingChecks,
  missingRights,
  policyChecks,
  type Rendered,
  rightsCheck,
  roomChecks,
  versionCheck,
} from "./checks.ts";
import { resolve } from "./graph.ts";
import type { Kinds } from "./kinds.ts";
import { hashOf } from "./objects.ts";
import { type ManifestTools, openSource, type Pin, Renderer } from "./manifests.ts";
import type { Choice, NamedChange, Release } from "./release.ts";

/** A component as it would be installed. */
export interface PlannedComponent extends Rendered {
  readonly hash: string;
  /** False where it comes because another needs it. */
  readonly wanted: boolean;
  readonly existing: Existing;
}

/** What would be done, before anything is. Holds the rendered objects: it stays in the host. */
export interface InstallPlan {
  readonly choice: Choice;
  readonly release: Release;
  /** What the files are, exactly; to be shown. */
  readonly pin: Pin;
  readonly components: readonly PlannedComponent[];
  readonly changes: readonly NamedChange[];
  readonly checks: readonly Check[];
  /** True where a check forbids it. */
  readonly blocked: boolean;
  /** For somebody who may install, where the person may not. */
  readonly adminText: (where: { readonly context: string; readonly user: string | undefined }) => string;
}

export interface PlanTools {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly kinds: Kinds;
  readonly manifests: ManifestTools;
}

/**
 * Gets the release's files, builds every component and looks at the cluster. Writes nothing to it. `held`: what an install
 * that goes on was made of. Rejects with the errors of `resolve`, `openSource` and `Renderer`, ConnectError or
 * CancelledError.
 */
export async function makePlan(
  tools: PlanTools,
  release: Release,
  choice: Choice,
  options: { readonly held?: Pin | undefined; readonly onStep?: (what: string) => void; readonly signal: AbortSignal },
): Promise<InstallPlan> {
  const { signal, held, onStep = () => undefined } = options;
  const order = resolve(release, choice.wanted);
  onStep("Getting the release's files");
  const source = await openSource(tools.manifests, release, choice, held, signal);
  const renderer = new Renderer(tools.manifests);
  const components: PlannedComponent[] = [];
  const changes: NamedChange[] = [];
  for (const { component, wanted } of order) {
    onStep(`Building ${component.title}`);
    const written = await renderer.render(source, component, choice.platform, signal);
    const { objects, changes: made } = changed(component.id, written);
    changes.push(...made.filter((change) => change.component !== "*" || changes.length === 0));
    const found = await existing(tools, objects, signal);
    components.push({ component, wanted, objects, hash: hashOf(objects), existing: found });
  }
  onStep("Looking at the cluster");
  const checks = await checkAll(tools, release, components, new Set(choice.adopt), signal);
  return {
    choice,
    release,
    pin: source.pin,
    components,
    changes,
    checks,
    blocked: checks.some(({ state }) => state === "failed"),
    adminText: (where) => adminText(where, release, components, choice.platform, source.pin.commit),
  };
}

async function checkAll(
  tools: PlanTools,
  release: Release,
  components: readonly PlannedComponent[],
  adopt: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { client } = tools;
  const [version, missing, room, policies] = await Promise.all([
    versionCheck(client, release, signal),
    missingRights(tools, components, signal),
    roomChecks(client, components, signal),
    policyChecks(client, signal),
  ]);
  const there = components.flatMap(({ component, existing: found }) =>
    existingChecks(component, found, adopt.has(component.id)),
  );
  const byId = new Map(
    [version, rightsCheck(missing), ...there, ...room, ...policies].map((check) => [check.id, check]),
  );
  return [...byId.values()];
}
