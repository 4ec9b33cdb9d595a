import { label } from "../core/sanitize.ts";
import { joined, plural } from "../core/text.ts";
import type { GpuTotals } from "./gpuUse.ts";
import { type Json, whole } from "./read.ts";

/** GPUs, slices of them, or shares, by resource name. */
export type GpuAmounts = Readonly<Record<string, number>>;

/** GPUs of one sort: whole ones, or slices or shares of one kind, which are no whole ones. */
export interface GpuCount {
  /** As `gpuNoun` has it. */
  readonly noun: string;
  readonly total: number;
  readonly used: number;
  /** What pods could still have. */
  readonly free: number;
}

const WHOLE = "GPU";

/**
 * Resources that stand for a GPU, a MIG slice or a time-slice of one (k8s-device-plugin: `renameByDefault` adds
 * `.shared`). Not `nvidia.com/gpumem` and the like of vGPU plugins: those count megabytes.
 */
const GPU = /^(?:nvidia\.com\/(?:gpu|mig-[\w.-]{1,40}?)(?:\.shared)?|amd\.com\/gpu|gpu\.intel\.com\/(?:i915|xe))$/;
/** GPUs that one object is believed to have. */
const MOST_GPUS = 10_000;

/** Labels that tell the model, best first: feature discovery, then what the clouds put there. */
/** Labels of nodes that name their GPUs, the most telling first. */
export const MODEL_LABELS: readonly string[] = [
  "nvidia.com/gpu.product",
  "gpu.nvidia.com/model",
  "cloud.google.com/gke-accelerator",
  "k8s.amazonaws.com/accelerator",
  "eks.amazonaws.com/instance-gpu-name",
  "karpenter.k8s.aws/instance-gpu-name",
  "karpenter.azure.com/sku-gpu-name",
  "amd.com/gpu.product-name",
  "beta.amd.com/gpu.product-name",
] as const;

export function isGpuResource(name: string): boolean {
  return GPU.test(name);
}

/** The GPUs of a list of resources, such as `limits` or `allocatable`. */
export function gpuAmounts(resources: Json): GpuAmounts {
  const found: Record<string, number> = {};
  for (const [name, amount] of Object.entries(resources)) {
    const count = isGpuResource(name) ? whole(quantity(amount), MOST_GPUS) : undefined;
    if (count !== undefined && count > 0) found[name] = count;
  }
  return found;
}

export function sumOf(amounts: GpuAmounts): number {
  return Object.values(amounts).reduce((sum, count) => sum + count, 0);
}

/** Those of one sort together, whole GPUs first. */
export function mergeCounts(counts: readonly GpuCount[]): readonly GpuCount[] {
  const sum = (group: readonly GpuCount[], what: "total" | "used" | "free"): number =>
    group.reduce((all, one) => all + one[what], 0);
  return [...Map.groupBy(counts, ({ noun }) => noun)]
    .map(([noun, all]) => ({ noun, total: sum(all, "total"), used: sum(all, "used"), free: sum(all, "free") }))
    .sort((a, b) => Number(b.noun === WHOLE) - Number(a.noun === WHOLE) || a.noun.localeCompare(b.noun));
}

/** `3 GPUs`, `1 GPU and 2 MIG 1g.5gb`. */
export function amountWords(amounts: GpuAmounts): string {
  const counts = Object.entries(amounts).map(([name, total]) => ({ noun: gpuNoun(name), total, used: 0, free: 0 }));
  return mergeCounts(counts)
    .map(({ noun, total }) => pieces(total, noun))
    .join(" and ");
}

/** `3 of 8 GPUs free`, `7 of 7 MIG 1g.5gb free`. */
export function freeWords({ noun, total, free }: GpuCount): string {
  return `${free} of ${pieces(total, noun)} free`;
}

function pieces(count: number, noun: string): string {
  return /GPU$|slice$/.test(noun) ? plural(count, noun) : `${count} ${noun}`;
}

/** `GPU`, `shared GPU`, `MIG 1g.5gb`, `shared MIG 1g.5gb`. */
export function gpuNoun(resource: string): string {
  const shared = resource.endsWith(".shared") ? "shared " : "";
  const slice = /^nvidia\.com\/mig-(.*?)(?:\.shared)?$/.exec(resource)?.[1];
  return label(`${shared}${slice === undefined ? "GPU" : `MIG ${slice}`}`, 60);
}

/** `L4`, `A100 SXM4 40GB`, `RTX PRO 6000`; undefined where no label tells more than the vendor. */
export function gpuModel(labels: Readonly<Record<string, string>>): string | undefined {
  for (const key of MODEL_LABELS) {
    const model = shortModel(labels[key]);
    if (model !== undefined) return model;
  }
  return undefined;
}

/** Without the vendor, which nobody says; what is written small throughout is a cloud's spelling of a name in capitals. */
function shortModel(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const words = label(text, 60)
    .replace(/-SHARED$/, "")
    .split(/[-_ ]+/)
    .filter((word) => !/^(nvidia|tesla|amd|)$/i.test(word))
    .join(" ");
  if (words === "") return undefined;
  return words === words.toLowerCase() ? words.toUpperCase() : words;
}

const SCALES: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** A Kubernetes quantity (`8`, `1k`, `3920m`, `512Gi`) as a number: pieces, cores or bytes. */
export function quantity(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const match = typeof value === "string" ? /^(\d{1,20}(?:\.\d{1,9})?)([mkMGT]|[KMGT]i)?$/.exec(value) : null;
  return match === null ? undefined : Number(match[1]) * (SCALES[match[2] ?? ""] ?? 1);
}

/** Two quantities as one, in the largest unit that says it without a fraction; the first where either is none. */
export function sumOfQuantities(one: string, other: string): string {
  const [a, b] = [quantity(one), quantity(other)];
  if (a === undefined || b === undefined) return one;
  // The server keeps no more than thousandths.
  const sum = Math.round((a + b) * 1000) / 1000;
  if (!Number.isInteger(sum)) return `${Math.round(sum * 1000)}m`;
  const unit = sum === 0 ? undefined : (["Ti", "Gi", "Mi"] as const).find((name) => sum % (SCALES[name] ?? 1) === 0);
  return unit === undefined ? String(sum) : `${sum / (SCALES[unit] ?? 1)}${unit}`;
}

/**
 * `3 of 8 GPUs free`, `0 of 4 GPUs free · 7 of 7 MIG 1g.5gb free`; `at most …` where not every pod may be read; empty
 * where there are none. Slices of several kinds are counted together.
 */
export function gpuWords(totals: GpuTotals | undefined): string {
  const counts = totals?.counts.filter(({ total }) => total > 0) ?? [];
  const whole = counts.filter(({ noun }) => noun === WHOLE);
  const parted = counts.filter(({ noun }) => noun !== WHOLE);
  const slices = parted.length < 2 ? parted : mergeCounts(parted.map((one) => ({ ...one, noun: "GPU slice" })));
  const words = joined([...whole, ...slices].map(freeWords));
  return totals?.complete === true || words === "" ? words : `at most ${words}`;
}
