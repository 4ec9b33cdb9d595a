// What the wizard shows beside its form. Made by src/provision, drawn by webview/wizard; plain JSON, no secrets.

/** A field of the form, as a path into the wish: `name`, `gke.gpu.perNode`, `state`. */
export type FieldPath = string;

/** A rule that the wish breaks (`error`: nothing can be made) or that a person should know of (`warning`). */
export interface Finding {
  readonly field: FieldPath;
  readonly severity: "error" | "warning";
  /** What is wrong and what would be right, in one or two sentences. */
  readonly message: string;
  /** Values of the field that would be right, the best first; of a list, all of it. */
  readonly instead?: readonly { readonly label: string; readonly value: string | number | readonly string[] }[];
}

/** What a field may hold, for its list. `detail` tells a choice from its neighbours: memory, zones, price. */
export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly detail?: string;
}

/** Lists of the form for the wish as it is; a list that is empty leaves the field to be typed. */
export type Choices = Readonly<Record<FieldPath, readonly Choice[]>>;

/** One thing that will be made, in plain words. */
export interface MadeThing {
  /** `Private network` */
  readonly what: string;
  /** `10.10.0.0/20 for nodes, 10.20.0.0/14 for pods` */
  readonly detail: string;
  /** Where it stands in the drawing. */
  readonly part: "network" | "control-plane" | "cpu-pool" | "gpu-pool" | "access" | "storage" | "kubeflow";
}

/** Dollars an hour; null where no price is known, which is never the same as nothing. */
export interface PriceLine {
  readonly what: string;
  /** `3 × e2-standard-4` */
  readonly amount: string;
  /** With every pool at its least. */
  readonly least: number | null;
  /** With every pool full. */
  readonly most: number | null;
  /** `list, on demand`, `about, spot`, `no price for this region` */
  readonly note: string;
  /** Who says so. */
  readonly source: string;
  /** Day of the price, ISO; "" where the source bears none. */
  readonly date: string;
  /** `2 years old`, only where it is over a year. */
  readonly age?: string;
}

export interface Cost {
  readonly lines: readonly PriceLine[];
  /** Sums in dollars an hour and a month of 730 hours. `complete` is false where a line has no price. */
  readonly hour: { readonly least: number; readonly most: number };
  readonly month: { readonly least: number; readonly most: number };
  readonly complete: boolean;
  /** `disks`, `traffic`, … */
  readonly notIncluded: readonly string[];
}

/** The same wish elsewhere: GKE or EKS, on demand or spot, or the rented notebook instance. */
export interface Comparison {
  readonly what: string;
  /** What the row stands for: machine types, region. */
  readonly detail: string;
  readonly hour: { readonly least: number; readonly most: number } | null;
  /** Why there is no price, or what must be known about it. */
  readonly note: string;
  readonly source: string;
  readonly date: string;
  /** The row of the wish itself. */
  readonly chosen: boolean;
}

export interface FileText {
  /** Path in the cluster's folder, with slashes. */
  readonly name: string;
  readonly text: string;
}

export interface Preview {
  readonly findings: readonly Finding[];
  readonly choices: Choices;
  readonly made: readonly MadeThing[];
  readonly cost: Cost;
  readonly compare: readonly Comparison[];
  readonly files: readonly FileText[];
}

/** One line of what is checked before anything is made. */
export interface Check {
  readonly id: string;
  /** `gcloud`, `Quota of L4` */
  readonly label: string;
  readonly state: "waiting" | "running" | "ok" | "warning" | "failed" | "skipped";
  /** What was found, and what it means; with the numbers. */
  readonly detail: string;
  /** Title of the button that mends it; the host keeps what it does. */
  readonly fix?: string;
}

/** A plan of Terraform in plain words. */
export interface PlanWords {
  readonly creates: number;
  readonly changes: number;
  readonly replaces: number;
  readonly destroys: number;
  /** `makes 19 things: a private network, …` */
  readonly sentence: string;
  readonly groups: readonly {
    readonly title: string;
    readonly items: readonly { readonly action: PlanAction; readonly what: string; readonly address: string }[];
  }[];
  /** What must be known before it is carried out: where Kubeflow's files come from, what of them is changed and why. */
  readonly notes?: readonly { readonly title: string; readonly lines: readonly string[] }[];
}

export type PlanAction = "create" | "update" | "replace" | "delete" | "read" | "forget";

/** A line of the timeline: one step of making a cluster, of changing it, or of taking it down. */
export interface Step {
  readonly id: string;
  /** `Cloud`, `Kubeconfig`, `GPU test pod` */
  readonly label: string;
  readonly state: "waiting" | "running" | "done" | "failed" | "cancelled" | "skipped";
  /** What it does now, or what came of it. */
  readonly detail: string;
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Milliseconds it usually takes, only where that is known; `expectedFrom` says from where. */
  readonly expectedMs?: number;
  readonly expectedFrom?: string;
  /** Things of this step that are under way, such as Terraform's resources. */
  readonly parts?: readonly StepPart[];
  /** Buttons after a failure; the host keeps what they do. */
  readonly next?: readonly string[];
}

export interface StepPart {
  /** `google_container_cluster.this` */
  readonly address: string;
  readonly what: string;
  readonly action: PlanAction;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly elapsedMs: number;
}
