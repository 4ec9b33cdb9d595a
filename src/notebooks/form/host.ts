// The extension's side of the page of a new notebook: keeps the form, builds what it says, asks the cluster, and makes it.
import type {
  FromNotebookForm,
  NotebookField,
  NotebookForm,
  NotebookPreview,
  NotebookSubject,
  ToNotebookForm,
} from "../../contract/notebookForm.ts";
import type { Clock } from "../../core/clock.ts";
import { errorCode, errorText, isCancelled, type NextStep, UserError } from "../../core/errors.ts";
import { FormHost, type FoundInForm } from "../../core/formHost.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { yamlOf } from "../../kube/anyObject.ts";
import { CLAIM } from "../../kubeflow/kinds/resources.ts";
import type { NotebookFound } from "./checks.ts";
import { type MadeObject, NOT_MADE, objectsOf, type Tried } from "./create.ts";
import { choicesOf, type NotebookFacts } from "./facts.ts";
import { readNotebookForm, type ReadNotebook, withItsImage } from "./form.ts";
import type { LikeNotebook } from "./like.ts";
import { buildNotebook, MAKING_ANNOTATION, type NotebookManifests, type NotebookWish } from "./manifest.ts";
import { SHIPPED } from "./shipped.ts";
import { otherServer, type Server } from "./spawner.ts";

export interface NotebookPlan {
  readonly wish: NotebookWish;
  readonly manifests: NotebookManifests;
}

/** What the page needs of the rest. They reject with UserError, ConnectError or CancelledError. */
export interface NotebookFormPorts {
  /** The form as it is first shown; with a name, as that notebook is. */
  readonly opened: (like: string) => Promise<LikeNotebook>;
  readonly check: (
    plan: NotebookPlan,
    report: (finding: NotebookFound) => void,
    signal: AbortSignal,
    anew: boolean,
  ) => Promise<void>;
  readonly make: (plan: NotebookPlan) => Promise<MadeObject>;
  /** What there is of what was tried. */
  readonly madeOf: (tried: readonly Tried[]) => Promise<readonly MadeObject[]>;
  readonly remove: (made: readonly MadeObject[]) => Promise<void>;
  /** It is there: it is shown. */
  readonly made: (notebook: MadeObject) => Promise<void>;
  readonly open: (yaml: string) => Promise<void>;
  readonly press: (next: NextStep | NonNullable<NotebookFound["next"]>) => Promise<void>;
  /** The form as it is now, to be found again after a reload. */
  readonly keep: (form: NotebookForm, like: string, making: string) => void;
  readonly onError: (error: unknown) => void;
  /** Of one press of the button, by which a second one knows what the first has made. */
  readonly newMaking: () => string;
}

export interface NotebookPlace {
  readonly context: string;
  readonly namespace: string;
}

const NOTHING: NotebookPreview = { problems: [], manifest: "", summary: "" };
const MOST_TEXT = 400;
const SERVER_NAMES: Readonly<Record<Server, string>> = {
  ...{ jupyter: "JupyterLab", "group-one": "code-server", "group-two": "RStudio" },
};

export class NotebookFormHost extends FormHost<
  NotebookForm,
  NotebookWish,
  NotebookPlan,
  NotebookField,
  NotebookPreview,
  ToNotebookForm
> {
  readonly #place: NotebookPlace;
  readonly #facts: NotebookFacts;
  readonly #ports: NotebookFormPorts;
  #opened: LikeNotebook;
  #like: string;
  #making: string;
  /** What this page has asked for and no notebook of it has: it may have been made. */
  readonly #tried = new Map<string, Tried>();

  /** `kept`: what the page held before the window was reloaded. */
  constructor(
    place: NotebookPlace,
    facts: NotebookFacts,
    opened: LikeNotebook,
    like: string,
    ports: NotebookFormPorts,
    clock: Clock,
    kept?: { readonly form: NotebookForm; readonly making: string },
  ) {
    super(kept?.form ?? opened.form, NOTHING, clock);
    this.#place = place;
    this.#facts = facts;
    this.#opened = opened;
    this.#like = like;
    this.#ports = ports;
    this.#making = kept?.making ?? ports.newMaking();
    this.#try(
      facts.claims
        .filter(({ metadata: { annotations } }) => annotations?.[MAKING_ANNOTATION] === this.#making)
        .map((claim) => [CLAIM, claim]),
    );
  }

  async receive(message: FromNotebookForm): Promise<void> {
    switch (message.type) {
      case "ready":
        return this.#drawn();
      case "change": {
        const { form, seq } = message;
        const isOther = form.server !== this.form.server;
        const now = isOther ? withItsImage(form, this.form.server, this.#opened.spawner) : form;
        const changing = this.edited(now, seq);
        if (isOther) for (const one of this.#all()) if (one.type !== "init" || now !== form) this.send(one);
        this.#keep();
        return changing;
      }
      case "like":
        return this.pressed(() => this.#fillIn(message.name));
      case "check":
        this.planned = undefined;
        return this.change(0, true);
      case "run":
        return this.pressed(() => this.#make(), true);
      case "open":
        return this.pressed(() => this.#ports.open(yamlText(this.#planOf(this.soundNow()))));
      case "next":
        return this.pressFinding(message.finding);
    }
  }

  protected override read(): ReadNotebook {
    return readNotebookForm(this.form, this.#opened.spawner, this.#place.namespace);
  }

  protected override plan(
    wish: NotebookWish,
  ): Promise<{ readonly plan: NotebookPlan; readonly preview: NotebookPreview }> {
    const plan = this.#planOf(wish);
    return Promise.resolve({ plan, preview: { problems: [], manifest: yamlText(plan), summary: summary(plan) } });
  }

  protected override async check(
    plan: NotebookPlan,
    report: (finding: FoundInForm<NotebookField>) => void,
    signal: AbortSignal,
    anew: boolean,
  ): Promise<void> {
    const show = ({ next, ...finding }: NotebookFound): void =>
      report({ ...finding, ...(next && { next: { title: next.title, press: () => this.#ports.press(next) } }) });
    const { server, image } = plan.wish;
    const other = otherServer(image, server, this.#opened.spawner);
    if (other !== undefined)
      show({
        ...{ field: "image", level: "warning" },
        text: `The image is one that is offered for ${SERVER_NAMES[other]}: ${SERVER_NAMES[server]} may not be in it.`,
      });
    await Promise.all([this.#ports.check(plan, show, signal, anew), this.#tellLeft(report)]);
  }

  protected override press(next: NextStep): Promise<void> {
    return this.#ports.press(next);
  }

  protected override failed(error: unknown): void {
    this.#ports.onError(error);
  }

  protected override fieldOf(): NotebookField | "form" {
    return "form";
  }

  #planOf(wish: NotebookWish): NotebookPlan {
    return { wish, manifests: buildNotebook(wish, this.#facts.resource, this.#making) };
  }

  #drawn(): Promise<void> | undefined {
    this.#keep();
    return this.drawn(this.#all());
  }

  #subject(): NotebookSubject {
    const { source, locked } = this.#opened.spawner;
    const { context, namespace } = this.#place;
    return {
      place: `${label(context)} / ${label(namespace)}`,
      source:
        source.kind === "cluster"
          ? `Offers and defaults are those of this cluster’s ${source.name}.`
          : `Offers and defaults are those that Kubeflow Notebooks ${SHIPPED.version} ships with, for ${source.why}.`,
      ...{ like: this.#like, left: this.#opened.left, locked },
    };
  }

  #all(): readonly ToNotebookForm[] {
    return [
      { type: "init", subject: this.#subject(), form: this.form, preview: this.preview },
      { type: "choices", choices: choicesOf(this.#facts, this.#opened.spawner, this.form.server) },
    ];
  }

  async #fillIn(like: string): Promise<void> {
    this.#opened = await this.#ports.opened(like);
    this.#like = like;
    this.form = this.#opened.form;
    this.planned = undefined;
    await this.#drawn();
  }

  /** A second press takes up what the first has left. */
  async #make(): Promise<void> {
    const plan = this.#planOf(this.soundNow());
    const objects = objectsOf(plan.manifests);
    this.#try(objects);
    try {
      const made = await this.#ports.make(plan);
      for (const one of objects) this.#tried.delete(keyOf(one));
      this.#making = this.#ports.newMaking();
      this.#keep();
      await this.#ports.made(made).catch((error: unknown) => this.#ports.onError(error));
      const text = `${label(made.name, 63)} was made. It starts now; its row says how far it is.`;
      const left = await this.#left();
      const more = left.length === 0 ? "" : ` ${isThere(left)}, of an earlier try.`;
      this.say({ field: "form", level: "ok", text: text + more, ...this.#removal(left) });
    } catch (error) {
      await this.#halfMade(objects, error);
    }
  }

  async #halfMade(objects: readonly Tried[], error: unknown): Promise<void> {
    const left = await this.#ports.madeOf([...this.#tried.values()]).catch(() => undefined);
    const why = isCancelled(error) ? "You have cancelled it." : label(errorText(error), MOST_TEXT);
    const isOwn = ({ resource, name }: MadeObject): boolean =>
      objects.some(([kind, { metadata }]) => kind.kind === resource.kind && metadata.name === name);
    const isTaken = ["made-otherwise", "name-taken"].includes(errorCode(error) ?? "");
    const goesOn = !isTaken && left?.every(isOwn);
    const text = `${why} ${
      left === undefined
        ? "What was made of it cannot be told now."
        : left.length === 0
          ? "Nothing was made of it."
          : `${isThere(left)}${goesOn === true ? `: another try goes on with ${left.length === 1 ? "it" : "them"}` : ""}.`
    }`;
    const { next } = error instanceof UserError ? error : {};
    const [first] = next ?? [];
    const button = left === undefined || left.length === 0 ? first && this.#pressing(first) : this.#removal(left);
    this.say({ field: "form", level: "problem", text, ...button });
    const options = { ...(next && { next }), cause: error };
    if (!isCancelled(error)) this.#ports.onError(new UserError(errorCode(error) ?? "not-made", text, options));
    else if (this.over.signal.aborted)
      this.#ports.onError(new UserError("not-made", NOT_MADE, { why: text, cause: error }));
  }

  #pressing(next: NextStep): Pick<FoundInForm<NotebookField>, "next"> {
    return { next: { title: next.title, press: () => this.press(next) } };
  }

  #try(objects: readonly Tried[]): void {
    for (const one of objects) this.#tried.set(keyOf(one), one);
  }

  /** Nothing where it cannot be told: that the cluster does not answer is said by others. */
  async #left(): Promise<readonly MadeObject[]> {
    return this.#tried.size === 0 ? [] : this.#ports.madeOf([...this.#tried.values()]).catch(() => []);
  }

  /** What earlier tries have left is offered to be removed, whatever the form was changed to since. */
  async #tellLeft(report: (finding: FoundInForm<NotebookField>) => void): Promise<void> {
    const left = await this.#left();
    const text = `${isThere(left)}, of an earlier try.`;
    if (left.length > 0) report({ field: "form", level: "warning", text, ...this.#removal(left) });
  }

  #removal(left: readonly MadeObject[]): Pick<FoundInForm<NotebookField>, "next"> {
    const press = async (): Promise<void> => {
      await this.#ports.remove(left);
      this.#tried.clear();
      this.say({ field: "form", level: "ok", text: `${namesOf(left)} went.` });
    };
    return left.length === 0 ? {} : { next: { title: "Remove What Was Made", press } };
  }

  #keep(): void {
    const isRefused = this.read().problems.some(({ field }) => field === "env");
    // Variables that are refused may be secrets: those are not kept.
    this.#ports.keep(isRefused ? { ...this.form, env: "" } : this.form, this.#like, this.#making);
  }
}

function namesOf(made: readonly MadeObject[]): string {
  return made.map(({ resource, name }) => `${resource.kind} ${label(name, 63)}`).join(", ");
}

function isThere(made: readonly MadeObject[]): string {
  return `${namesOf(made)} ${made.length === 1 ? "is" : "are"} there`;
}

function keyOf([resource, { metadata }]: Tried): string {
  return `${resource.kind}/${metadata.name}/${metadata.annotations?.[MAKING_ANNOTATION] ?? ""}`;
}

/** Of all that is made, in its order. */
function yamlText({ manifests: { claims, notebook } }: NotebookPlan): string {
  return [...claims, notebook].map(yamlOf).join("---\n");
}

function summary({ wish, manifests: { claims } }: NotebookPlan): string {
  const volumes = claims.length === 0 ? "" : ` and ${plural(claims.length, "new volume")}`;
  return `Makes a notebook named ${wish.name}${volumes}.`;
}
