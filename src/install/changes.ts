// Everything that differs from what upstream wrote. Each change has its name, and is shown before it is applied.
import { label } from "../core/sanitize.ts";
import { list, record, text } from "../kubeflow/read.ts";
import type { InstallSecrets } from "./accounts.ts";
import { COMPONENT_LABEL, type Manifest } from "./objects.ts";
import { PEOPLE_CHANGES } from "./peopleChanges.ts";
import type { Choice, Component, NamedChange, Release } from "./release.ts";

/** What the changes of one install go by. */
export interface ChangeSettings {
  readonly release: Release;
  readonly choice: Choice;
  readonly secrets: InstallSecrets;
  /** Issuer of the cluster's own tokens, on EKS. */
  readonly issuer: string | undefined;
}

interface Change {
  readonly what: string | ((settings: ChangeSettings) => string);
  readonly why: string;
  /** The object as it is to be, or the same one; several where one becomes more. */
  readonly make: (object: Manifest, settings: ChangeSettings) => Manifest | readonly Manifest[];
}

/** The first three are of fields that the cluster or a controller fills: whoever applies them again would take them away. */
const CHANGES: readonly Change[] = [
  {
    what: "Empty certificate authorities of webhooks are left out",
    why: "the component’s own controller, or cert-manager, fills them in",
    make: withoutEmptyBundles,
  },
  {
    what: "Whether Istio’s validation may be passed over is left to Istio",
    why: "its control plane sets that itself once it answers, and would be in the way of going on",
    make: withoutIstioPolicy,
  },
  {
    what: "The rules of aggregated cluster roles are left out",
    why: "the cluster itself gathers them from other roles",
    make: (object) => {
      if (object.kind !== "ClusterRole" || object["aggregationRule"] === undefined) return object;
      const { rules, ...rest } = object;
      return rules === undefined ? object : { ...rest };
    },
  },
  {
    what: ({ choice }) => `Volumes are of the StorageClass ${label(choice.storageClass ?? "", 63)}`,
    why: "you chose it instead of the cluster’s default",
    make: withStorageClass,
  },
  ...PEOPLE_CHANGES,
];

const LABELLED: NamedChange = {
  component: "*",
  what: `Every object bears the label ${COMPONENT_LABEL}`,
  why: "so that an uninstall takes away what was installed, and nothing else",
};

/** The objects as they are applied, and the changes that were made to any of them. */
export function changed(
  component: Component,
  objects: readonly Manifest[],
  settings: ChangeSettings,
): { readonly objects: readonly Manifest[]; readonly changes: readonly NamedChange[] } {
  const made = new Set<Change>();
  const result = objects.flatMap((object) =>
    CHANGES.reduce<readonly Manifest[]>(
      (before, change) =>
        before.flatMap((one) => {
          const after = change.make(one, settings);
          if (after !== one) made.add(change);
          return after;
        }),
      [labelled(object, component.id)],
    ),
  );
  const { id, title, pathsOn } = component;
  const other = pathsOn?.[settings.choice.platform];
  const named = [...made].map(({ what, why }) => ({ what: typeof what === "string" ? what : what(settings), why }));
  const all = [...(other === undefined ? [] : [other]), ...named];
  return {
    objects: result,
    changes: [LABELLED, ...all.map(({ what, why }) => ({ component: id, title, what, why }))],
  };
}

/** An object without any field of ours, such as a bare Namespace, would not say who has applied it. */
export function labelled(object: Manifest, component: string): Manifest {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, labels: { ...record(metadata["labels"]), [COMPONENT_LABEL]: component } },
  };
}

/** PersistentVolumeClaims, and what a StatefulSet makes them from. */
function withStorageClass(object: Manifest, { choice: { storageClass = "" } }: ChangeSettings): Manifest {
  if (storageClass === "") return object;
  const spec = record(object["spec"]);
  const chosen = (of: unknown): object => ({ ...record(of), storageClassName: storageClass });
  if (object.kind === "PersistentVolumeClaim") return { ...object, spec: chosen(spec) };
  const claims = list(spec["volumeClaimTemplates"]);
  if (object.kind !== "StatefulSet" || claims.length === 0) return object;
  const volumeClaimTemplates = claims.map((claim) => ({ ...claim, spec: chosen(claim["spec"]) }));
  return { ...object, spec: { ...spec, volumeClaimTemplates } };
}

/** istiod patches `failurePolicy` of its own validation (istio pkg/webhooks/validation/controller). */
function withoutIstioPolicy(object: Manifest): Manifest {
  const isIt = object.kind === "ValidatingWebhookConfiguration" && /^istiod?-.*validator/.test(object.metadata.name);
  if (!isIt) return object;
  const webhooks = list(object["webhooks"]).map((webhook) =>
    Object.fromEntries(Object.entries(webhook).filter(([field]) => field !== "failurePolicy")),
  );
  return { ...object, webhooks };
}

function withoutEmptyBundles(object: Manifest): Manifest {
  if (!object.kind.endsWith("WebhookConfiguration")) return object;
  const webhooks = list(object["webhooks"]);
  if (!webhooks.some(({ clientConfig }) => isEmptyBundle(record(clientConfig)["caBundle"]))) return object;
  return {
    ...object,
    webhooks: webhooks.map((webhook) => {
      const { caBundle, ...clientConfig } = record(webhook["clientConfig"]);
      return isEmptyBundle(caBundle) ? { ...webhook, clientConfig } : webhook;
    }),
  };
}

/** controller-gen writes `Cg==`, a line end, where the value is to come later. */
function isEmptyBundle(value: unknown): boolean {
  if (value === undefined) return false;
  return !isCertificate(value);
}

/** Base64 of a PEM certificate. */
export function isCertificate(value: unknown): boolean {
  return Buffer.from(text(value) ?? "", "base64")
    .toString("latin1")
    .includes("-----BEGIN CERTIFICATE-----");
}
