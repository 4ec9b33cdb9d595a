import type { Check } from "../contract/preview.ts";
import type { Clock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { type InstallSecrets, placeholderSecrets } from "./accounts.ts";
import { changed } from "./changes.ts";
import {
  adminText,
  excludedChecks,
  type Existing,
  existing,
  existingChecks,
  missingRights,
  policyChecks,
  profileChecks,
  type Rendered,
  rightsCheck,
  versionCheck,
} from "./checks.ts";
import { resolve } from "./graph.ts";
import type { Kinds } from "./kinds.ts";
import { Limited } from "./limited.ts";
import { hashOf, type Manifest } from "./objects.ts";
import { settled } from "./people.ts";
import { roomChecks } from "./roomChecks.ts";
import type { InstallRecord } from "./record.ts";
import { type ManifestTools, openSource, type Pin, Renderer } from "./manifests.ts";
import type { Choice, NamedChange, Release } from "./release.ts";

/** kustomize runs that are under way at the same time: each takes a core. */
const BUILDS = 2;

/** A component as it would be installed. */
export interface PreparedComponent extends Rendered {
  /** As upstream wrote them. */
  readonly written: readonly Manifest[];
  readonly hash: string;
  /** False where it comes because another needs it. */
  readonly wanted: boolean;
}

/** What would be applied, whatever the cluster holds. */
export interface Prepared {
  readonly choice: Choice;
  readonly release: Release;
  /** What the files are, exactly; to be shown. */
  readonly pin: Pin;
  readonly components: readonly PreparedComponent[];
  readonly changes: readonly NamedChange[];
  /** Issuer of the cluster's own tokens, where the changes need it. */
  readonly issuer: string | undefined;
}

export interface PlannedComponent extends PreparedComponent {
  readonly existing: Existing;
}

/** What would be done, before anything is. Holds the rendered objects: it stays in the host. */
export interface InstallPlan extends Prepared {
  readonly components: readonly PlannedComponent[];
  /** Uid of the cluster that was looked at; "" where it may not be read. */
  readonly cluster: string;
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

export interface PrepareOptions {
  /** What an install that goes on was made of. */
  readonly held?: Pin | undefined;
  /** Issuer of the cluster's own tokens, where the changes need it. */
  readonly issuer?: string | undefined;
  readonly onStep?: (what: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Gets the release's files and builds every component; asks no cluster. Rejects with the errors of `resolve`, `openSource`
 * and `Renderer`, with UserError `people-missing`, or CancelledError.
 */
export async function prepare(
  manifests: ManifestTools,
  release: Release,
  choice: Choice,
  options: PrepareOptions,
): Promise<Prepared> {
  const { signal, held, issuer, onStep = () => undefined } = options;
  const order = resolve(release, choice.wanted);
  const nameless = order.find(({ component }) => component.people === true);
  if (nameless !== undefined && (choice.people ?? []).length === 0)
    throw new UserError("people-missing", `${nameless.component.title} is for people, and nobody is named.`, {
      hint: "Give at least your own e-mail address.",
    });
  onStep("Getting the release’s files");
  const source = await openSource(manifests, release, choice, held, signal);
  const renderer = new Renderer(manifests);
  // Nobody's password is made before somebody has agreed: until then others stand for them.
  const settings = { release, choice, secrets: placeholderSecrets(choice.people ?? []), issuer };
  const changes: NamedChange[] = [];
  const built = await new Limited(BUILDS).all(order, async ({ component, wanted }) => {
    onStep(`Building ${component.title}`);
    return { component, wanted, written: await renderer.render(source, component, choice.platform, signal) };
  });
  const components = built.map(({ component: upstream, wanted, written }): PreparedComponent => {
    const { objects, changes: made } = changed(upstream, written, settings);
    changes.push(...made.filter((change) => change.component !== "*" || changes.length === 0));
    return { component: settled(upstream, release, choice), wanted, written, objects, hash: hashOf(objects) };
  });
  return { choice, release, pin: source.pin, components, changes, issuer };
}

/** The plan with the secrets by which it is carried out in the place of those that stood for them. */
export function withSecrets(plan: InstallPlan, secrets: InstallSecrets): InstallPlan {
  const { release, choice, issuer } = plan;
  const components = plan.components.map((one) => {
    const { objects } = changed(one.component, one.written, { release, choice, secrets, issuer });
    return { ...one, objects, hash: hashOf(objects) };
  });
  return { ...plan, components };
}

/** The same, with what the cluster holds already and what it says of it. Writes nothing to it. Rejects as `prepare`, and with ConnectError. */
export async function makePlan(
  tools: PlanTools,
  release: Release,
  choice: Choice,
  options: PrepareOptions & { readonly cluster: string; readonly before: InstallRecord | undefined },
): Promise<InstallPlan> {
  const { signal, cluster, before, onStep = () => undefined } = options;
  const prepared = await prepare(tools.manifests, release, choice, options);
  onStep("Looking at the cluster");
  const components: PlannedComponent[] = [];
  for (const one of prepared.components)
    components.push({ ...one, existing: await existing(tools, one.objects, signal) });
  const others = [...excludedChecks(components, before), ...(await profileChecks(tools, components, signal))];
  const checks = [...others, ...(await checkAll(tools, release, components, new Set(choice.adopt), signal))];
  return {
    ...prepared,
    components,
    cluster,
    checks,
    blocked: checks.some(({ state }) => state === "failed"),
    adminText: (where) => adminText(where, release, components, choice.platform, prepared.pin.commit),
  };
}

async function checkAll(
  tools: PlanTools,
  release: Release,
  components: readonly PlannedComponent[],
  adopt: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { client, manifests } = tools;
  const [version, missing, room, policies] = await Promise.all([
    versionCheck(client, release, signal),
    missingRights(tools, components, signal),
    roomChecks(client, components, manifests.platform, signal),
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
