/** Clouds that the wizard makes clusters in. */
export type Cloud = "gke" | "eks";

/** Who says so, and on which day (ISO, `2026-08-10`); "" where the source bears no date. */
export interface Source {
  readonly name: string;
  readonly date: string;
}

export interface Machine {
  readonly name: string;
  readonly vcpus: number;
  /** GB on Google Cloud, GiB on AWS, as each cloud states it. */
  readonly memory: number;
}

export interface Gpu {
  /** What the wish calls it: `nvidia-l4` on GKE, `L4` on EKS. */
  readonly name: string;
  /** `L4` */
  readonly label: string;
  /** GPUs of one class stand for each other on the two clouds: `L4`, `A100`. */
  readonly class: string;
  /** Memory of one GPU in GB. */
  readonly memory: number;
}

/** A legal GPU node: this GPU on this machine type, with one of these counts, in one of these regions. */
export interface GpuShape {
  readonly gpu: string;
  readonly machine: string;
  /** GPUs of one node that the cloud accepts, ascending. */
  readonly perNode: readonly number[];
  /** Regions that list the GPU and the machine type; undefined where no list is bundled. */
  readonly regions: readonly string[] | undefined;
  /** Sold as spot (or flex-start) only. */
  readonly spotOnly: boolean;
}

/** Rows of so many cells of a table that is written as text, with blanks between cells and as many rows a line as there is room for. */
export function table(text: string, cells: number): readonly (readonly string[])[] {
  const words = text.trim().split(/\s+/);
  return Array.from({ length: words.length / cells }, (_, at) => words.slice(at * cells, (at + 1) * cells));
}

/** `us-east{1,4} me-west1` as `us-east1`, `us-east4`, `me-west1`. */
export function places(text: string): readonly string[] {
  return text.split(" ").flatMap((word) => {
    const [, stem, ends] = /^(.*)\{(.*)\}$/.exec(word) ?? [];
    return stem === undefined || ends === undefined ? [word] : ends.split(",").map((end) => stem + end);
  });
}
