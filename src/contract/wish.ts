// What a person asks for on the wizard's page: one plain object that the page edits, the plan reads, and a journal keeps.
// All three places keep their answers, so that changing the place loses nothing.
import * as v from "valibot";

/** As long as a field of the page takes, and as many values as one of them can name: the rules say what is too long. */
const words = v.pipe(v.string(), v.maxLength(4_096));
const several = v.pipe(v.array(words), v.maxLength(2_048));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000));

const CpuPoolSchema = v.strictObject({
  /** Machine type as the cloud names it. */
  machine: words,
  /** Nodes that the pool starts with and never goes below. */
  nodes: count,
  /** Most nodes, over all zones together. */
  maxNodes: count,
});

const GpuPoolSchema = v.strictObject({
  /** Name in the catalogue: an accelerator on GKE (`nvidia-l4`), the GPU's own name on EKS (`L4`). */
  gpu: words,
  machine: words,
  /** GPUs of one node. */
  perNode: count,
  /** Most nodes, over all zones together; the pool starts with none. */
  maxNodes: count,
  spot: v.boolean(),
});

export const LOCAL_TOOLS = ["minikube", "k3d", "kind", "microk8s"] as const;
export type LocalTool = (typeof LOCAL_TOOLS)[number];

const GkeSchema = v.strictObject({
  project: words,
  region: words,
  /** Zones of the region that nodes may be in; those that have the GPU. */
  zones: several,
  cpu: CpuPoolSchema,
  /** Without it the cluster has no GPU pool. */
  gpu: v.nullable(GpuPoolSchema),
  /** Networks in CIDR notation that may reach the public endpoint; none means every network, still behind the sign-in. */
  authorizedNetworks: several,
  /** Whether the cloud refuses to delete the cluster until this is taken back. */
  protect: v.boolean(),
});

const EksSchema = v.strictObject({
  /** Profile of the AWS configuration; "" for what the environment gives. */
  profile: words,
  region: words,
  /** `1.35` */
  version: words,
  cpu: CpuPoolSchema,
  gpu: v.nullable(GpuPoolSchema),
  /** Networks in CIDR notation that may reach the public endpoint. */
  authorizedNetworks: several,
});

const LocalSchema = v.strictObject({
  tool: v.picklist(LOCAL_TOOLS),
  /** `1.35`; "" for what the tool takes by itself. */
  version: words,
  cpus: count,
  memoryGiB: count,
  diskGiB: count,
  /** Hand this computer's GPUs to the cluster. */
  gpus: v.boolean(),
  /** k3d: a registry of its own beside the cluster. */
  registry: v.boolean(),
  /** k3d: a folder of this computer that every node sees at /data; "" for none. */
  volume: words,
});

/** What of Kubeflow goes into the cluster. Ids are those of the release (src/install/releases). */
const KubeflowSchema = v.strictObject({
  /** Profile of the release; `parts` for single components; "" for nothing. */
  profile: words,
  /** Single components, where `profile` says `parts`. */
  components: several,
  /** Folder of this computer with the release's files, for closed networks; "" for the release's own repository. */
  folder: words,
  /** E-mail addresses of those who get an account and a namespace of their own; the first is who installs. */
  people: several,
  /** What each of their namespaces may use; 0: no limit. */
  quota: v.strictObject({ cpu: count, memoryGiB: count, gpus: count }),
  /** StorageClass of its volumes; "" for the cluster's default. */
  storageClass: words,
  /** Components whose objects are taken over from whoever manages them. */
  adopt: several,
  /** Run a small training job at the end. */
  sample: v.boolean(),
});

/** What of Kubeflow somebody wants who wants nothing of it. */
export const NO_KUBEFLOW: v.InferOutput<typeof KubeflowSchema> = {
  profile: "",
  components: [],
  folder: "",
  people: [],
  quota: { cpu: 0, memoryGiB: 0, gpus: 0 },
  storageClass: "",
  adopt: [],
  sample: true,
};

/** Where Terraform keeps what it made: never chosen in silence. */
const StatePlaceSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("unset") }),
  /** A file in the cluster's folder on this computer. */
  v.strictObject({ kind: v.literal("mine") }),
  /** A bucket of Cloud Storage or S3, with a lock, that others can work from. */
  v.strictObject({ kind: v.literal("shared"), bucket: words, prefix: words }),
]);

export const WHERES = ["gke", "eks", "local"] as const;
export type Where = (typeof WHERES)[number];

export const WishSchema = v.strictObject({
  where: v.picklist(WHERES),
  /** Name of the cluster. */
  name: words,
  state: StatePlaceSchema,
  gke: GkeSchema,
  eks: EksSchema,
  local: LocalSchema,
  /** Nothing, in what was written down before there was a choice. */
  kubeflow: v.optional(KubeflowSchema, NO_KUBEFLOW),
});

export type Wish = v.InferOutput<typeof WishSchema>;
export type GkeWish = Wish["gke"];
export type EksWish = Wish["eks"];
export type LocalWish = Wish["local"];
export type KubeflowWish = Wish["kubeflow"];
export type CpuPool = GkeWish["cpu"];
export type GpuPool = NonNullable<GkeWish["gpu"]>;
export type StatePlace = Wish["state"];
