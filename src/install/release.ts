// What a release of Kubeflow is made of, as data: releases/*.ts hold nothing else.

/** The kind of cluster, where parts of a release differ by it. */
export type Platform = "any" | "gke" | "eks" | "kind";

/** Something beyond a component's own objects that has to be before it counts as ready. */
export interface Wait {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** Type of the condition that must be True; left out: that it exists is enough. */
  readonly condition?: string;
}

export interface OtherPaths {
  readonly paths: readonly string[];
  readonly what: string;
  readonly why: string;
}

export interface Component {
  readonly id: string;
  /** As people call it: `Trainer`. */
  readonly title: string;
  /** Its own version, where it has one. */
  readonly version: string;
  /** One sentence: what it is good for. */
  readonly about: string;
  /** Ids of components that have to be there for it to be of use: they come along. */
  readonly needs: readonly string[];
  /**
   * Those that must be ready before it is begun, as far as they are installed at all: for its objects to be taken, and its
   * pods to be what they are to be. Left out: all that it needs.
   */
  readonly after?: readonly string[];
  /** Folders that kustomize builds and single YAML files, below the release's own folder. */
  readonly paths: readonly string[];
  /** Instead of `paths` on such a cluster, and why: it is shown as a change. */
  readonly pathsOn?: Readonly<Partial<Record<Platform, OtherPaths>>>;
  /** Where its objects are. */
  readonly namespaces: readonly string[];
  /**
   * Besides its own Deployments, StatefulSets, DaemonSets, Jobs, CustomResourceDefinitions and the Services and
   * certificates of its webhooks, all of which are waited for by what was rendered.
   */
  readonly waits?: readonly Wait[];
  /** Seconds until it should be ready; after that it has failed. */
  readonly readyWithinS: number;
  /** Components that bring the same objects in another form: only one of them can be there. */
  readonly excludes?: readonly string[];
  /** It has the pages that people open. */
  readonly page?: boolean;
  /** It knows people by name: at least one has to be named, who gets an account or a namespace by it. */
  readonly people?: boolean;
  /** Rough needs: thousandths of a core, MiB, GB of volumes. */
  readonly uses: { readonly cpu: number; readonly memory: number; readonly storage: number };
}

export interface Profile {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** What they need comes by itself. */
  readonly components: readonly string[];
}

/** A change that we make to what upstream wrote. All that are made are shown before anything is applied. */
export interface NamedChange {
  /** Component, or `*` for all. */
  readonly component: string;
  /** As people call it; left out where it is all of them. */
  readonly title?: string;
  readonly what: string;
  readonly why: string;
}

export interface Release {
  readonly id: string;
  /** Day of the data, ISO. */
  readonly date: string;
  readonly source: {
    /** `owner/name` at github.com. */
    readonly repository: string;
    /** Tag or branch that is resolved where no commit is known. */
    readonly ref: string;
    /** Where it is known, nothing else is taken. */
    readonly commit?: string;
    /** SHA-256 of the archive's unpacked tar, hex. */
    readonly checksum?: string;
  };
  /** Kubernetes minors `1.x`, both included. Outside of them: `oldest` and below is refused, newer is warned of. */
  readonly kubernetes: { readonly oldest: number; readonly newest: number };
  /** The person whom upstream's files know, whose password everybody knows, and their namespace. */
  readonly madeUp?: { readonly email: string; readonly namespace: string };
  /** Component by which a small PyTorchJob can be run once it is there. */
  readonly sample?: string;
  readonly profiles: readonly Profile[];
  readonly components: readonly Component[];
}

/** What a person wants installed. Plain JSON, so that it can be journalled. */
export interface Choice {
  readonly release: string;
  /** Ids of profiles and of single components. */
  readonly wanted: readonly string[];
  readonly platform: Platform;
  /** Folder with the release's files, for closed networks; else they come from the release's repository. */
  readonly folder?: string;
  /** Components whose objects are taken over from whoever manages them. */
  readonly adopt?: readonly string[];
  /** E-mail addresses, each once, of those who get an account and a namespace; the first is who installs. */
  readonly people?: readonly string[];
  /** What each of their namespaces may use; 0 stands for no limit. */
  readonly quota?: Quota;
  /** StorageClass of all volumes; else the cluster's default. */
  readonly storageClass?: string;
}

export interface Quota {
  readonly cpu: number;
  readonly memoryGiB: number;
  readonly gpus: number;
}

export function pathsOf(component: Component, platform: Platform): readonly string[] {
  return component.pathsOn?.[platform]?.paths ?? component.paths;
}
