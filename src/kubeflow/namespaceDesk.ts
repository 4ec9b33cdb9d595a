import type { Clock } from "../core/clock.ts";
import { Emitter, type Event } from "../core/events.ts";
import type { StateStore } from "../core/storage.ts";
import type { KubeClient } from "../kube/client.ts";
import {
  firstNamespaces,
  namespaceChoice,
  type NamespaceNote,
  namespacesToChoose,
  type NamespaceWays,
  type OfferedNamespaces,
  type ShownNamespaces,
} from "./namespaceChoice.ts";
import { listNamespaces, ownNamespaces } from "./namespaces.ts";

/** A context, as far as its namespaces go. */
export interface NamespacePlace {
  readonly name: string;
  /** The one that the kubeconfig names. */
  readonly namespace: string;
}

/** Namespaces remembered because they were opened. */
const RECENT = 5;
/** The first look at a cluster waits this long, in ms, for the profiles; they may be thousands. */
const PATIENCE_MS = 50;

/** Which namespaces are a person's own, chosen, pinned and recent, per context. The kubeconfig is never written. */
export class NamespaceDesk {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #changed = new Emitter<string>();
  readonly #notes = new Map<string, ReadonlyMap<string, NamespaceNote>>();
  /** What is to be shown of this context is not what it was. */
  readonly onDidChange: Event<string> = this.#changed.event;

  constructor(state: StateStore, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** Which to show: what was chosen, else the person's own first. Rejects as KubeClient does. */
  async show({ name, namespace }: NamespacePlace, client: KubeClient, signal?: AbortSignal): Promise<ShownNamespaces> {
    const chosen = this.chosen(name);
    const listing =
      chosen === undefined ? listNamespaces(client, signal) : Promise.resolve({ names: [], mayList: false });
    const [list, ways] = await Promise.all([listing, this.#ways(name, client, listing, signal)]);
    const first = firstNamespaces(list, namespace, ways);
    this.#notes.set(name, first.notes);
    return chosen === undefined ? first : { ...first, shown: chosen };
  }

  /** All that the person may see, and those that were chosen; the context's own where listing is forbidden. */
  async offer(
    { name, namespace }: NamespacePlace,
    client: KubeClient,
    signal?: AbortSignal,
  ): Promise<OfferedNamespaces> {
    const listing = listNamespaces(client, signal);
    const [list, ways] = await Promise.all([listing, this.#ways(name, client, listing, signal)]);
    return namespacesToChoose(list, namespace, this.chosen(name), ways);
  }

  /** Why a namespace that was shown stands before others; empty where it does not. */
  word(context: string, namespace: string): NamespaceNote | "" {
    return this.#notes.get(context)?.get(namespace) ?? "";
  }

  /** Undefined where nobody has chosen. `*` stands for all namespaces. */
  chosen(context: string): readonly string[] | undefined {
    const names = this.#get("namespaces", context);
    return names.length > 0 ? names : undefined;
  }

  choose(context: string, namespaces: readonly string[]): Promise<void> {
    return this.#set("namespaces", context, namespaces);
  }

  /** From now on it is among those that are shown. */
  async include(context: string, namespace: string): Promise<void> {
    const chosen = this.chosen(context);
    if (chosen !== undefined) return this.choose(context, [...chosen, namespace]);
    await this.visit(context, namespace);
    this.#changed.fire(context);
  }

  isPinned(context: string, namespace: string): boolean {
    return this.#get("pinned", context).includes(namespace);
  }

  pin(context: string, namespace: string, pinned: boolean): Promise<void> {
    const others = this.#get("pinned", context).filter((name) => name !== namespace);
    return this.#set("pinned", context, pinned ? [...others, namespace] : others);
  }

  /** The person has opened it, or launched something there: it comes before others the next time. */
  async visit(context: string, namespace: string): Promise<void> {
    const recent = this.#get("recent", context);
    if (recent[0] === namespace || namespaceChoice(namespace)?.kind !== "one") return;
    const others = recent.filter((name) => name !== namespace);
    await this.#state.set(`recent/${context}`, [namespace, ...others].slice(0, RECENT));
  }

  /** Those in which the person has shown an interest. */
  familiar({ name, namespace }: NamespacePlace): readonly string[] {
    const named = ["own", "namespaces", "pinned", "recent"].flatMap((what) => this.#get(what, name));
    return [...new Set([...named, namespace])].filter((one) => namespaceChoice(one)?.kind === "one");
  }

  /**
   * The first look at a cluster waits a little for the profiles. Later ones go by what was found then, and it is read
   * again behind the listing; a change is told.
   */
  async #ways(
    context: string,
    client: KubeClient,
    listing: Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<NamespaceWays> {
    const key = `own/${context}`;
    const isFirst = this.#state.get(key) === undefined;
    let late = !isFirst;
    const read = async (): Promise<void> => {
      if (late) await listing;
      const own = await ownNamespaces(client, signal);
      if (JSON.stringify(own) === JSON.stringify(this.#state.get(key))) return;
      await this.#state.set(key, own);
      if (late) this.#changed.fire(context);
    };
    // It only decides the order; where the connection fails, the listing says so.
    const reading = read().catch(() => undefined);
    if (isFirst) {
      const over = new AbortController();
      await Promise.race([reading, this.#clock.sleep(PATIENCE_MS, over.signal).catch(() => undefined)]);
      over.abort();
      late = true;
    }
    const [mine = [], pinned = [], recent = []] = ["own", "pinned", "recent"].map((what) => this.#get(what, context));
    return { mine, pinned, recent };
  }

  #get(what: string, context: string): readonly string[] {
    const value = this.#state.get(`${what}/${context}`);
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
  }

  async #set(what: string, context: string, namespaces: readonly string[]): Promise<void> {
    await this.#state.set(`${what}/${context}`, namespaces);
    this.#changed.fire(context);
  }
}
