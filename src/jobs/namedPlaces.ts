import { createHash } from "node:crypto";
import type { StateStore } from "../core/storage.ts";
import type { Configuration } from "./configurations.ts";

/** Where a configuration of a workspace, or a manifest, says that it runs. */
export interface NamedPlace {
  /** Absolute path of the workspace folder, or of the manifest's. */
  readonly folder: string;
  /** Name of the configuration, or of the manifest's file. */
  readonly configuration: string;
  readonly context: string;
  /** Empty where the configuration leaves it out. */
  readonly namespace: string;
}

const PLACES = "trainyard.configurations.places";
const RUNS = "trainyard.configurations.runs";
const KEEP = 500;

/**
 * What the person has agreed to of the configurations: their places, each once, and each as it was confirmed last. A
 * workspace comes from others, and what it names would get the person's code and credentials; so this is kept outside of
 * it.
 */
export class NamedPlaces {
  readonly #state: StateStore;

  constructor(state: StateStore) {
    this.#state = state;
  }

  has(place: NamedPlace): boolean {
    return this.#all(PLACES).includes(idOf(place));
  }

  async agree(place: NamedPlace): Promise<void> {
    await this.#put(PLACES, idOf(place));
  }

  /** Whether the folder's configuration is as it was confirmed last: a pull brings another image, other secrets. */
  isConfirmed(folder: string, configuration: Configuration): boolean {
    return this.#all(RUNS).includes(runOf(folder, configuration).join(" "));
  }

  async confirm(folder: string, configuration: Configuration): Promise<void> {
    const [of, as] = runOf(folder, configuration);
    await this.#put(RUNS, `${of} ${as}`, of);
  }

  /** In the place of what begins as `instead`. */
  async #put(key: string, id: string, instead = id): Promise<void> {
    const others = this.#all(key).filter((other) => typeof other === "string" && !other.startsWith(instead));
    await this.#state.set(key, [id, ...others].slice(0, KEEP));
  }

  #all(key: string): readonly unknown[] {
    const kept = this.#state.get(key);
    return Array.isArray(kept) ? kept : [];
  }
}

function idOf({ folder, configuration, context, namespace }: NamedPlace): string {
  return digest([folder, configuration, context, namespace]);
}

function runOf(folder: string, configuration: Configuration): readonly [of: string, as: string] {
  return [digest([folder, configuration.name]), digest(configuration)];
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
