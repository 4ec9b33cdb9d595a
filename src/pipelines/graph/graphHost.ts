// The extension's side of the page that shows a file's graph: reads the file again when it has changed, keeps the last good
// graph while it is wrong, and says so.
import type { FromPipeline, Graph, GraphStatus, ToPipeline } from "../../contract/pipeline.ts";
import { after, type Clock } from "../../core/clock.ts";
import { errorText, isCancelled, isUserError, type NextStep } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";

/** One of the pipelines of a file. */
export interface DrawnPipeline {
  readonly name: string;
  readonly graph: Graph;
  /** Shows where a task is made; undefined where that is nowhere here. */
  readonly open?: (path: string, stay: boolean) => Promise<void>;
}

export interface ReadPipelines {
  /** One at least, the one first that a person means most likely. */
  readonly pipelines: readonly DrawnPipeline[];
  /** `Compiled with kfp 2.17.3.` */
  readonly words: string;
}

/** What the page needs of the rest. */
export interface GraphPorts {
  /** By the person's Python; else it is only read. */
  readonly isCompiled: boolean;
  /** Reads the file as it is saved. Rejects with UserError or CancelledError. */
  readonly read: (signal: AbortSignal) => Promise<ReadPipelines>;
  /** What is wrong with the file, or nothing any more. Returns what to press for it. */
  readonly tell: (error: unknown) => readonly NextStep[];
  readonly press: (next: NextStep) => Promise<void>;
  /** The pipeline that is shown, to be found again after a reload. */
  readonly keep: (name: string) => void;
  readonly onError: (error: unknown) => void;
}

/** What is over sooner is not told of. */
const WORTH_TELLING_MS = 400;
/** Several files that are saved at once are one change. */
const PAUSE_MS = 30;
const MOST_TEXT = 600;
const CANCEL = "Cancel";
const COMPILED = {
  working: "Compiling…",
  again: "Compile Again",
  cancelled: "It was not compiled.",
  old: "The graph is of the last version that could be compiled.",
};
const READ: typeof COMPILED = {
  working: "Reading…",
  again: "Read Again",
  cancelled: "It was not read.",
  old: "The graph is of the last version that could be read.",
};

export class GraphHost {
  readonly #file: string;
  readonly #ports: GraphPorts;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #send: (message: ToPipeline) => void = () => undefined;
  #read: ReadPipelines | undefined;
  #shown: string;
  readonly #words: typeof COMPILED;
  #status: GraphStatus;
  /** What the buttons of the status do. */
  #steps: readonly Step[1][] = [];
  #running: AbortController | undefined;
  #isDue = false;
  /** The graph that the page has. */
  #told = "";

  /** `file`: its name, to be shown; `shown`: the pipeline that was shown before a reload. */
  constructor(file: string, ports: GraphPorts, clock: Clock, shown = "") {
    this.#file = file;
    this.#ports = ports;
    this.#words = ports.isCompiled ? COMPILED : READ;
    this.#status = { kind: "working", text: this.#words.working, steps: [] };
    this.#clock = clock;
    this.#shown = shown;
  }

  start(send: (message: ToPipeline) => void): void {
    this.#send = send;
  }

  async receive(message: FromPipeline): Promise<void> {
    switch (message.type) {
      case "ready":
        this.#told = "";
        this.#tellGraph();
        this.#send({ type: "status", status: this.#status });
        if (this.#read === undefined) this.changed();
        return;
      case "choose":
        this.#shown = message.name;
        this.#ports.keep(message.name);
        this.#tellGraph();
        return;
      case "open":
        return this.#guarded(() => this.#current()?.open?.(message.path, message.stay));
      case "press":
        return this.#guarded(() => this.#steps[message.step]?.());
      // Of runs, which a file has none of.
      case "logs":
      case "artifact":
      case "deed":
        return;
    }
  }

  /** The file, or what it imports, has changed on the disk. */
  changed(): void {
    this.#isDue = true;
    if (this.#running !== undefined || this.#over.signal.aborted) return;
    this.#running = new AbortController();
    this.#clock
      .sleep(PAUSE_MS, this.#over.signal)
      .then(() => this.#work())
      .catch(() => undefined); // The page is closed.
  }

  dispose(): void {
    this.#over.abort();
    this.#running?.abort();
    this.#ports.tell(undefined);
  }

  async #work(): Promise<void> {
    while (this.#isDue && !this.#over.signal.aborted) {
      this.#isDue = false;
      const running = new AbortController();
      this.#running = running;
      const telling = after(this.#clock, WORTH_TELLING_MS, () =>
        this.#say("working", this.#words.working, [[CANCEL, () => running.abort()]]),
      );
      try {
        const read = await this.#ports.read(running.signal);
        telling.dispose();
        if (!this.#isOver()) this.#take(read);
      } catch (error) {
        telling.dispose();
        if (!this.#isOver()) this.#fail(error);
      }
    }
    this.#running = undefined;
  }

  #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  #take(read: ReadPipelines): void {
    this.#read = read;
    this.#ports.tell(undefined);
    this.#tellGraph();
    this.#say("current", read.words, []);
  }

  #fail(error: unknown): void {
    const again: Step = [this.#words.again, () => this.changed()];
    const old = this.#read === undefined ? "" : this.#words.old;
    if (isCancelled(error)) {
      this.#say("failed", `${this.#words.cancelled} ${old}`.trim(), [again]);
      return;
    }
    const next = this.#ports.tell(error).map((step): Step => [step.title, () => this.#ports.press(step)]);
    // What is wrong in the file is compiled again once it is saved.
    const isCode = isUserError(error) && error.code.startsWith("pipeline-");
    const text = label(errorText(error), MOST_TEXT);
    this.#say("failed", `${text} ${old}`.trim(), isCode ? next : [...next, again]);
  }

  #current(): DrawnPipeline | undefined {
    const { pipelines = [] } = this.#read ?? {};
    return pipelines.find(({ name }) => name === this.#shown) ?? pipelines[0];
  }

  #tellGraph(): void {
    const current = this.#current();
    const names = this.#read?.pipelines.map(({ name }) => name) ?? [];
    const hasSource = current?.open !== undefined;
    const graph = { file: this.#file, names, shown: current?.name ?? "", graph: current?.graph ?? null, hasSource };
    const told = JSON.stringify(graph);
    if (told === this.#told) return;
    this.#told = told;
    this.#send({ type: "graph", ...graph });
  }

  #say(kind: GraphStatus["kind"], text: string, steps: readonly Step[]): void {
    this.#steps = steps.map(([, press]) => press);
    this.#status = { kind, text, steps: steps.map(([title]) => title) };
    this.#send({ type: "status", status: this.#status });
  }

  async #guarded(act: () => unknown): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#ports.onError(error);
    }
  }
}

type Step = readonly [title: string, press: () => unknown];
