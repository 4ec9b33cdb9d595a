import type { Clock } from "../core/clock.ts";
import { Emitter, type Event } from "../core/events.ts";
import { type AccessAttributes, type Answer, canI, type Rule, type Rules, rulesIn } from "./access.ts";
import type { KubeClient } from "./client.ts";
import { SingleFlight } from "./singleFlight.ts";

/** Answers are believed for this long, in ms. */
const FRESH_MS = 300_000;
/** Verbs on no object in particular: rules that name objects say nothing about them (RBAC reference, resourceNames). */
const NAMELESS = ["create", "list", "watch", "deletecollection"];

/** `pods/log` is the resource `pods` with the subresource `log`. Without a name: of any object. */
export type Right = Omit<AccessAttributes, "namespace">;

/** What a person may do in a cluster, namespace by namespace. Asks nothing before `know`. */
export class Rights {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #scopes = new Map<string, ScopeRights>();
  readonly #changed = new Emitter<string | undefined>();
  /** Answers have come for this namespace; undefined for the cluster as a whole. */
  readonly onDidChange: Event<string | undefined> = this.#changed.event;

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Rights in a namespace; without one, in all of them and on what belongs to none, such as nodes. */
  in(namespace: string | undefined): ScopeRights {
    let scope = this.#scopes.get(namespace ?? "");
    if (scope === undefined) {
      scope = new ScopeRights(this.#client, this.#clock, namespace, () => this.#changed.fire(namespace));
      this.#scopes.set(namespace ?? "", scope);
    }
    return scope;
  }

  /** What was said holds no more: the next `know` asks again. */
  forget(): void {
    for (const scope of this.#scopes.values()) scope.forget();
  }
}

interface Asked {
  /** Monotonic ms. */
  readonly at: number;
  readonly answer: Answer;
  /** The server's own word, not one that holds until it comes. */
  readonly isSaid: boolean;
}

/**
 * What a person may do in one namespace: by one SelfSubjectRulesReview, and where its answer is not whole (webhook
 * authorizers, as GKE's, have no rules to show) by a SelfSubjectAccessReview for each right that somebody asks about.
 */
export class ScopeRights {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #namespace: string | undefined;
  readonly #tell: () => void;
  readonly #loading = new SingleFlight<void>();
  readonly #asked = new Map<string, Asked>();
  #rules: Rules | undefined;
  #rulesAt = -Infinity;

  constructor(client: KubeClient, clock: Clock, namespace: string | undefined, tell: () => void) {
    this.#client = client;
    this.#clock = clock;
    this.#namespace = namespace;
    this.#tell = tell;
  }

  /** Loads the rules, unless they are fresh. Rejects with ConnectError or CancelledError. */
  async know(signal?: AbortSignal): Promise<void> {
    if (this.#isFresh(this.#rulesAt)) return;
    await this.#loading.join(async (running) => {
      // A rules review speaks of one namespace; of the cluster as a whole it tells nothing.
      const rules = this.#namespace === undefined ? undefined : await rulesIn(this.#client, this.#namespace, running);
      const before = JSON.stringify(this.#rules);
      this.#rules = rules ?? { rules: [], incomplete: true };
      this.#rulesAt = this.#clock.monotonic();
      if (JSON.stringify(this.#rules) !== before) this.#tell();
    }, signal);
  }

  /**
   * What is known of a right. `unknown` is to be offered: nothing was asked yet, or the answer is on its way and
   * `onDidChange` of `Rights` tells when it has come.
   */
  may(right: Right): Answer {
    const { rules, incomplete } = this.#rules ?? { rules: [], incomplete: undefined };
    const found = rules.map((rule) => allows(rule, right));
    if (found.includes("yes")) return "yes";
    if (found.includes("unknown") || incomplete === undefined) return "unknown";
    if (!incomplete) return "no";
    const key = keyOf(right);
    const asked = this.#asked.get(key);
    if (asked === undefined || !this.#isFresh(asked.at)) void this.#ask(key, right, asked?.answer ?? "unknown");
    return asked?.answer ?? "unknown";
  }

  /** The same, where somebody waits for it; `unknown` where the server will not say. Rejects with ConnectError or CancelledError. */
  async ask(right: Right, signal?: AbortSignal): Promise<Answer> {
    await this.know(signal);
    const { rules, incomplete } = this.#rules ?? { rules: [], incomplete: true };
    if (rules.some((rule) => allows(rule, right) === "yes")) return "yes";
    if (!incomplete && rules.every((rule) => allows(rule, right) === "no")) return "no";
    const key = keyOf(right);
    const asked = this.#asked.get(key);
    if (asked?.isSaid === true && this.#isFresh(asked.at)) return asked.answer;
    const answer = await canI(this.#client, { ...right, ...this.#place }, signal);
    this.#note(key, answer, true);
    if (answer !== (asked?.answer ?? "unknown")) this.#tell();
    return answer;
  }

  forget(): void {
    this.#rulesAt = -Infinity;
    this.#asked.clear();
  }

  get #place(): { readonly namespace?: string } {
    return this.#namespace === undefined ? {} : { namespace: this.#namespace };
  }

  #isFresh(at: number): boolean {
    return this.#clock.monotonic() - at < FRESH_MS;
  }

  async #ask(key: string, right: Right, before: Answer): Promise<void> {
    // Taken as asked from here on: who asks meanwhile waits for the same answer.
    this.#note(key, before, false);
    try {
      const answer = await canI(this.#client, { ...right, ...this.#place });
      this.#note(key, answer, true);
      if (answer !== before) this.#tell();
    } catch {
      // No answer: the right is offered, and the action will say what is wrong with the connection.
      this.#note(key, "unknown", false);
    }
  }

  #note(key: string, answer: Answer, isSaid: boolean): void {
    this.#asked.set(key, { at: this.#clock.monotonic(), answer, isSaid });
  }
}

function keyOf({ verb, group, resource, subresource, name }: Right): string {
  return JSON.stringify([verb, group, resource, subresource, name]);
}

/** One rule, as RBAC reads it (apiserver rbac/v1 evaluation helpers: VerbMatches, APIGroupMatches, ResourceMatches). */
function allows(rule: Rule, { verb, group, resource, subresource, name }: Right): Answer {
  const has = (known: readonly string[], wanted: string): boolean => known.includes("*") || known.includes(wanted);
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const onResource =
    has(rule.resources, full) || (subresource !== undefined && rule.resources.includes(`*/${subresource}`));
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group) || !onResource) return "no";
  if (rule.resourceNames.length === 0) return "yes";
  if (name !== undefined) return rule.resourceNames.includes(name) ? "yes" : "no";
  // Allowed for some objects: which, is not asked here.
  return NAMELESS.includes(verb) ? "no" : "unknown";
}
