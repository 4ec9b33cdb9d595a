/** A quota that stands in the way, as the server told it. Quantities are Kubernetes' own (`2`, `16Gi`, `500m`). */
export interface ExceededQuota {
  readonly quota: string;
  readonly resources: readonly {
    readonly resource: string;
    readonly requested: string;
    readonly used: string;
    readonly limited: string;
  }[];
}

const EXCEEDED = /exceeded quota: ([^,\s]+), requested: (.+?), used: (.+?), limited: ([^\s"';]+)/;
const MISSING = /failed quota: ([^:\s]+): must specify ([^\n"]+)/;

/**
 * Reads `exceeded quota: gpu, requested: requests.nvidia.com/gpu=2, used: …=3, limited: …=4`, from an answer of the API
 * server or from an event's message (kubernetes plugin/pkg/admission/resourcequota). Undefined where it is no such text.
 */
export function parseQuota(message: string): ExceededQuota | undefined {
  const match = EXCEEDED.exec(message);
  if (match === null) return undefined;
  const [, quota = "", requested = "", used = "", limited = ""] = match;
  const usedOf = amounts(used);
  const limitOf = amounts(limited);
  const resources = [...amounts(requested)].map(([resource, amount]) => ({
    resource,
    requested: amount,
    used: usedOf.get(resource) ?? "?",
    limited: limitOf.get(resource) ?? "?",
  }));
  return resources.length === 0 ? undefined : { quota: safe(quota), resources };
}

/**
 * Reads `failed quota: kf-resource-quota: must specify cpu,memory`, and the form that names the containers
 * (`limits.cpu for: pytorch; limits.memory for: pytorch`).
 */
export function parseMissingQuota(message: string): { quota: string; resources: readonly string[] } | undefined {
  const match = MISSING.exec(message);
  if (match === null) return undefined;
  const [, quota = "", list = ""] = match;
  const resources = list.split(/[;,]/).map((part) => safe(part.replace(/ for:.*/, "").trim()));
  return { quota: safe(quota), resources: [...new Set(resources)].filter((resource) => resource !== "").slice(0, 8) };
}

/** «The namespace's quota gpu allows 4 GPUs (3 in use, this job asks for 2).» */
export function quotaSentence(exceeded: ExceededQuota): string {
  return `The namespace's ${quotaWords(exceeded)}.`;
}

/** «quota gpu allows 4 GPUs (3 in use, this job asks for 2)»; `who` asks. */
export function quotaWords(exceeded: ExceededQuota, who = "this job"): string {
  const parts = exceeded.resources
    .slice(0, 4)
    .map(
      ({ resource, requested, used, limited }) =>
        `${limited} ${noun(resource)} (${used} in use, ${who} asks for ${requested})`,
    );
  return `quota ${exceeded.quota} allows ${parts.join(" and ")}`;
}

function noun(resource: string): string {
  if (/^count\/pytorchjobs\./.test(resource)) return "training jobs";
  if (/^(count\/)?configmaps$/.test(resource)) return "ConfigMaps";
  if (/^(requests\.)?nvidia\.com\/gpu$/.test(resource)) return "GPUs";
  if (/^(requests\.)?cpu$/.test(resource)) return "CPUs";
  if (/^(requests\.)?memory$/.test(resource)) return "memory";
  if (resource === "limits.cpu") return "CPUs as limit";
  if (resource === "limits.memory") return "memory as limit";
  return resource.replace(/^count\//, "");
}

function amounts(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    if (at > 0) found.set(safe(part.slice(0, at).trim()), safe(part.slice(at + 1).trim()));
  }
  return found;
}

/** A quota's name and a resource's are names; what is not one is cut down to what could be. */
function safe(text: string): string {
  return text.replace(/[^-._/a-zA-Z0-9]/g, "").slice(0, 80);
}
