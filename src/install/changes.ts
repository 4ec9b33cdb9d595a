// Everything that differs from what upstream wrote. Each change has its name, and is shown before it is applied.
import { list, record, text } from "../kubeflow/read.ts";
import type { Manifest } from "./objects.ts";
import type { NamedChange } from "./release.ts";

interface Change {
  readonly what: string;
  readonly why: string;
  /** The object as it is to be, or the same one. */
  readonly make: (object: Manifest) => Manifest;
}

/** Marks what was installed; its value is the component. A name without a domain, as all that is ours. */
export const COMPONENT_LABEL = "trainyard/component";

/** Fields that the cluster or a controller fills: whoever applies them again would take them away from it. */
const CHANGES: readonly Change[] = [
  {
    what: "Empty certificate authorities of webhooks are left out",
    why: "the component's own controller, or cert-manager, fills them in",
    make: withoutEmptyBundles,
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
];

const LABELLED: NamedChange = {
  component: "*",
  what: `Every object bears the label ${COMPONENT_LABEL}`,
  why: "so that an uninstall takes away what was installed, and nothing else",
};

/** The objects as they are applied, and the changes that were made to any of them. */
export function changed(
  component: string,
  objects: readonly Manifest[],
): { readonly objects: readonly Manifest[]; readonly changes: readonly NamedChange[] } {
  const made = new Set<Change>();
  const result = objects.map((object) =>
    CHANGES.reduce(
      (before, change) => {
        const after = change.make(before);
        if (after !== before) made.add(change);
        return after;
      },
      labelled(object, component),
    ),
  );
  return { objects: result, changes: [LABELLED, ...[...made].map(({ what, why }) => ({ component, what, why }))] };
}

/** An object without any field of ours, such as a bare Namespace, would not say who has applied it. */
export function labelled(object: Manifest, component: string): Manifest {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, labels: { ...record(metadata["labels"]), [COMPONENT_LABEL]: component } },
  };
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
