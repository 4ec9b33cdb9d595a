// Rules of GKE and EKS beside their pools.
import type { EksWish, GkeWish, Wish } from "../../../contract/wish.ts";
import { EKS_REGIONS } from "../catalogue/eks.ts";
import { GKE_GPUS, GKE_REGIONS } from "../catalogue/gke.ts";
import type { Cloud } from "../catalogue/shapes.ts";
import { EKS_VERSIONS, LIMITS } from "../limits.ts";
import type { Live } from "../live.ts";
import { cloudWish, CLOUD_NAMES, gpuLabel, liveZones, neededInZone } from "../pools.ts";
import { anyOf, fits, freeName, type RuleFinding, values, warning, wrong } from "./finding.ts";
import { networkFindings } from "./networks.ts";
import { poolFindings } from "./pools.ts";

/** `today` is an ISO day; without it nothing is said about the end of a version's support. */
export function cloudFindings(wish: Wish, cloud: Cloud, live: Live, today: string): readonly RuleFinding[] {
  return [
    ...nameFindings(wish.name, cloud, live),
    ...(cloud === "gke" ? gkeFindings(wish.gke, live) : eksFindings(wish.eks, live, today)),
    ...poolFindings(cloudWish(wish, cloud), live),
    ...networkFindings(cloud, wish[cloud].authorizedNetworks),
    ...stateFindings(wish, cloud),
  ];
}

const NAME_WORDS: Readonly<Record<Cloud, string>> = {
  gke: "2-40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
  eks: "1-100 letters, digits, hyphens and underscores, beginning with a letter or digit",
};

function nameFindings(name: string, cloud: Cloud, live: Live): readonly RuleFinding[] {
  if (!fits(LIMITS[cloud].name, name)) {
    const message = `A cluster of ${CLOUD_NAMES[cloud]} is named with ${NAME_WORDS[cloud]}.`;
    return [wrong("name", "name", message, values(better(name, cloud)))];
  }
  const taken = live[cloud]?.clusters ?? [];
  if (!taken.includes(name)) return [];
  const message = `There is a cluster ${name} in this region already.`;
  return [wrong("name-taken", "name", message, values([freeName(name, taken)]))];
}

/** The name as the cloud would take it, where something is left of it. */
function better(name: string, cloud: Cloud): readonly string[] {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return fits(LIMITS[cloud].name, plain) ? [plain] : ["kubeflow-01"];
}

function stateFindings({ state }: Wish, cloud: Cloud): readonly RuleFinding[] {
  if (state.kind === "mine") return [];
  const store = cloud === "gke" ? "Cloud Storage" : "S3";
  if (state.kind === "unset") {
    const message = `Choose where Terraform keeps what it made: shared in a bucket of ${store} with locking, or just you, on this computer.`;
    return [wrong("state-unset", "state", message)];
  }
  const found: RuleFinding[] = [];
  if (!fits(LIMITS[cloud].bucket, state.bucket) || fits(LIMITS[cloud].notBucket, state.bucket)) {
    const marks = cloud === "gke" ? "hyphens, dots and underscores" : "hyphens and dots";
    const named = `A bucket of ${store} is named with 3-63 lower-case letters, digits, ${marks}, beginning and ending with a letter or digit; some words are reserved.`;
    const there = "It has to be there already.";
    const message = state.bucket === "" ? `Name a bucket that is there already. ${named}` : `${named} ${there}`;
    found.push(wrong("state-bucket", "state.bucket", message));
  }
  if (!fits(LIMITS.statePrefix, state.prefix)) {
    const message = "The place in the bucket is a path of letters, digits, dots, hyphens, underscores and slashes.";
    found.push(wrong("state-prefix", "state.prefix", message, values(["trainyard"])));
  }
  return found;
}

function gkeFindings(gke: GkeWish, live: Live): readonly RuleFinding[] {
  const found: RuleFinding[] = [];
  if (!fits(LIMITS.gke.project, gke.project)) {
    const message =
      gke.project === ""
        ? "Choose the project that pays for the cluster."
        : "A project id has 6-30 lower-case letters, digits and hyphens and begins with a letter; it is not the project's display name.";
    found.push(wrong("project", "gke.project", message, values(live.gke?.accounts?.map(({ id }) => id) ?? [])));
  }
  const regions = live.gke?.regions ?? GKE_REGIONS;
  if (!fits(LIMITS.gke.region, gke.region) || !regions.includes(gke.region)) {
    const message = `${gke.region === "" ? "No region is chosen" : `${gke.region} is not a region of Google Cloud that is known here`}.`;
    return [...found, wrong("region", "gke.region", message, values(regions))];
  }
  return [...found, ...zoneFindings(gke, live)];
}

interface Zones {
  readonly zones: readonly string[];
  readonly sure: boolean;
  readonly cpu: readonly string[] | undefined;
}

/**
 * Zones of the region that have what the wish asks for, by the cloud's word (`sure`), else by the bundled list, which may
 * be old. Those come first that can have the CPU pool, which main.tf puts into the first zone; `cpu` are all those of the
 * region, undefined where the cloud did not say.
 */
export function zonesFor({ cpu: { machine }, gpu, region }: GkeWish, live: Live): Zones {
  const cpu = liveZones(live.gke, region, [machine]);
  const told = gpu === null ? cpu : liveZones(live.gke, region, neededInZone("gke", gpu));
  const listed = GKE_GPUS.find(({ name }) => name === gpu?.gpu)?.zones ?? [];
  const zones = told ?? listed.filter((zone) => zone.startsWith(`${region}-`));
  const [first, rest] = [true, false].map((has) => zones.filter((zone) => (cpu?.includes(zone) !== false) === has));
  return { zones: [...(first ?? []), ...(rest ?? [])], sure: told !== undefined, cpu };
}

/** Zones that are not the region's, or have not what the nodes need; offered is a whole list of zones. */
export function zoneFindings(gke: GkeWish, live: Live): readonly RuleFinding[] {
  const { zones, sure, cpu } = zonesFor(gke, live);
  const field = "gke.zones";
  const { least, most } = LIMITS.zones;
  const kept = zones.filter((zone) => gke.zones.includes(zone));
  const [first = ""] = kept.length === 0 ? zones : kept;
  const best =
    kept.length === 0 ? zones.slice(0, 3) : cpu?.includes(first) === false ? [...zones.slice(0, 1), ...kept] : kept;
  const instead = best.length === 0 ? [] : [{ label: best.join(", "), value: [...new Set(best)] }];
  const own = gke.zones.filter(
    (zone) => zone.startsWith(gke.region) && fits(LIMITS.gke.zoneEnd, zone.slice(gke.region.length)),
  );
  if (own.length !== gke.zones.length || new Set(own).size !== own.length || own.length < least || own.length > most) {
    const hint = zones.length > 0 ? anyOf(zones) : `${gke.region}-a, ${gke.region}-b and so on`;
    const message = `Choose ${least} to ${most} different zones of ${gke.region}: ${hint}.`;
    return [wrong("zones", field, message, instead)];
  }
  const strange = own.filter((zone) => !zones.includes(zone));
  const what = gke.gpu === null ? gke.cpu.machine : gpuLabel("gke", gke.gpu.gpu);
  if (strange.length > 0 && (gke.gpu === null ? sure : zones.length > 0)) {
    const message = `${strange.join(", ")} ${sure ? "does not offer" : "is not listed with"} ${what}; ${anyOf(zones)} ${sure ? "does" : "is, by a list without a date"}.`;
    return [(sure ? wrong : warning)("zones-offered", field, message, instead)];
  }
  const [start = ""] = own;
  if (cpu === undefined || cpu.length === 0 || cpu.includes(start)) return [];
  const fitting = zones.filter((zone) => cpu.includes(zone));
  const hint =
    fitting.length > 0 ? `Begin with ${anyOf(fitting)}` : `No zone with ${what} does: choose another machine`;
  const message = `${start} does not offer ${gke.cpu.machine}, and the CPU pool is put into the first zone. ${hint}.`;
  return [wrong("zones-offered", field, message, fitting.length > 0 ? instead : [])];
}

function eksFindings(eks: EksWish, live: Live, today: string): readonly RuleFinding[] {
  const found: RuleFinding[] = [];
  if (!fits(LIMITS.eks.profile, eks.profile)) {
    found.push(wrong("profile", "eks.profile", "A profile's name has no control characters."));
  }
  const regions = live.eks?.regions ?? EKS_REGIONS;
  if (!fits(LIMITS.eks.region, eks.region)) {
    const message = `${eks.region === "" ? "No region is chosen" : `${eks.region} is not a region of AWS`}: one looks like us-east-1.`;
    found.push(wrong("region", "eks.region", message, values(regions)));
  } else if (live.eks?.regions?.includes(eks.region) === false) {
    const message = `${eks.region} is not enabled in this account.`;
    found.push(wrong("region", "eks.region", message, values(regions)));
  }
  return [...found, ...versionFindings(eks.version, live, today)];
}

/** Versions of EKS that may be chosen, the best first: what the cloud offers and Kubeflow goes with. */
export function eksVersions(live: Live): readonly string[] {
  const offered = (live.eks?.versions ?? EKS_VERSIONS).map(({ version }) => version);
  return offered.filter((version) => fits(LIMITS.eks.version, version));
}

function versionFindings(version: string, live: Live, today: string): readonly RuleFinding[] {
  const field = "eks.version";
  const offered = eksVersions(live);
  const told = live.eks?.versions;
  if (!fits(LIMITS.eks.version, version)) {
    const message = `Kubernetes ${version} is not possible: Kubeflow and the GPU images go with ${anyOf(offered)}.`;
    return [wrong("version", field, message, values(offered))];
  }
  if (told !== undefined && !offered.includes(version)) {
    const message = `EKS does not offer Kubernetes ${version} here.`;
    return [wrong("version-support", field, message, values(offered))];
  }
  const [ends = ""] = [told, EKS_VERSIONS].flatMap((all) => all?.find((of) => of.version === version)?.ends || []);
  if (ends === "") {
    if (told !== undefined) return [];
    const message = `Whether EKS offers Kubernetes ${version} is known once you are signed in.`;
    return [warning("version-support", field, message)];
  }
  const days = (Date.parse(ends) - Date.parse(today)) / 86_400_000;
  if (!(days < 60)) return [];
  const message = `Standard support of Kubernetes ${version} ${days < 0 ? "ended" : "ends"} on ${ends}; EKS then upgrades the cluster by itself.`;
  return [warning("version-support", field, message, values(offered.filter((other) => other > version)))];
}
