import path from "node:path";
import * as vscode from "vscode";
import { CancelledError, errorText, isCancelled } from "../core/errors.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import type { Engine } from "../engine.ts";
import type { CodeOfRun, FollowSink, FollowTarget, LogFile, RaisedException, Verdict } from "../jobs/index.ts";
import { readFilter } from "./logFilter.ts";
import { KEPT_LINES, LogScreen } from "./logScreen.ts";
import { Pacer } from "./pacer.ts";
import {
  gapText,
  renderHeader,
  renderNote,
  renderStep,
  renderVerdict,
  renderWarning,
  statusLine,
  verdictLine,
  verdictNotes,
} from "./render.ts";
import { WaitingLine } from "./waitingLine.ts";

const CTRL_C = "\u0003";

/** What a terminal follows, once there is something to follow. */
export interface Followed {
  readonly context: string;
  readonly target: FollowTarget;
  /** First line: name, kind, target, size, files. */
  readonly header: string;
  /** Number of ranks, for the width of the prefix. */
  readonly ranks: number;
  /** Launched by this person: it is followed to its end, into the file, though its terminal is closed. */
  readonly isOurs: boolean;
  /** Where its code came from, where that is known. */
  readonly code?: LocalCode;
}

export interface LocalCode extends CodeOfRun {
  /** The file that was run. */
  readonly script: string;
}

export interface FollowEnd {
  readonly followed: Followed;
  readonly verdict: Verdict;
  /** The last line, as it was shown. */
  readonly line: string;
  readonly log: string;
}

export interface JobTerminalOptions {
  readonly engine: () => Promise<Pick<Engine, "follow">>;
  /** Launches, or finds, what is to be followed. `step` shows a line of progress. */
  readonly begin: (step: (text: string) => void, signal: AbortSignal) => Promise<Followed>;
  /** Ctrl+C: what the person wants. */
  readonly askStop: (name: string) => Promise<"stop-following" | "stop-job" | "go-on">;
  /** The filter that the person wants instead; undefined where it stays. */
  readonly askFilter: (now: string) => Promise<string | undefined>;
  readonly stopJob: (followed: Followed) => Promise<void>;
  readonly openLog: (file: string) => void;
  /** Its log is about to be read, from its beginning. */
  readonly onBegin: (followed: Followed) => void;
  /** A traceback went through the person's code. */
  readonly onRaised: (followed: Followed, raised: RaisedException) => void;
  /** The log is over and the terminal still open. */
  readonly onEnd: (end: FollowEnd) => void;
  /** The person no longer wants this job followed. */
  readonly onStopFollowing: (followed: Followed) => void;
  readonly onFailure: (error: unknown) => void;
}

/** A terminal that launches a job where it is told to, and follows the logs of all its replicas to the end. */
export class JobTerminal implements vscode.Pseudoterminal {
  readonly #options: JobTerminalOptions;
  readonly #clock: Clock = systemClock;
  readonly #writes = new vscode.EventEmitter<string>();
  readonly #closes = new vscode.EventEmitter<number>();
  readonly #stop = new AbortController();
  readonly #pacer: Pacer;
  #followed: Followed | undefined;
  #log: LogFile | undefined;
  #asking = false;
  #over = false;
  readonly #closed = new AbortController();
  /** Nobody sees what is written any more, or nothing more comes. */
  readonly #unseen = AbortSignal.any([this.#stop.signal, this.#closed.signal]);
  readonly #waiting: WaitingLine;
  readonly #screen: LogScreen;
  #columns = 80;
  #hasLines = false;

  readonly onDidWrite = this.#writes.event;
  readonly onDidClose = this.#closes.event;

  constructor(options: JobTerminalOptions) {
    this.#options = options;
    const mark = (lines: number): string =>
      renderWarning(vscode.l10n.t("{0} are only in the log file: this terminal was hidden", plural(lines, "line")));
    const write = (text: string): void => {
      if (!this.#closed.signal.aborted) this.#writes.fire(text);
    };
    this.#pacer = new Pacer(write, mark, this.#clock, (text) => this.#screen.around(text));
    this.#screen = new LogScreen(this.#pacer);
    this.#waiting = new WaitingLine((text) => this.#pacer.send(text), this.#clock);
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    this.setDimensions({ columns: size?.columns ?? 80 });
    this.#run().then(
      (code) => this.#close(code),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Closing stops nothing: a launch goes through, and what this person launched is followed to its end. */
  close(): void {
    this.#closed.abort();
    this.#waiting.end();
    if (this.#followed !== undefined && !this.#followed.isOurs) this.#stop.abort();
  }

  setDimensions({ columns }: Pick<vscode.TerminalDimensions, "columns">): void {
    this.#columns = columns;
    this.#waiting.columns = columns;
    this.#screen.columns = columns;
  }

  handleInput(data: string): void {
    const typed = this.#pacer.receive(data);
    if (typed.includes(CTRL_C)) this.#interrupt();
    else if (this.#log === undefined || this.#over) return;
    else if (typed === "o") this.#options.openLog(this.#log.path);
    else if (typed === "p") this.#pause();
    else if (typed === "f") this.#askFilter(this.#log);
  }

  async #run(): Promise<number> {
    const followed = await this.#options.begin((text) => this.#send(renderStep(text)), this.#stop.signal);
    this.#followed = followed;
    // Closed while it began: only what was launched here goes on.
    if (this.#closed.signal.aborted && !followed.isOurs) throw new CancelledError();
    const engine = await this.#options.engine();
    this.#screen.ranks = followed.ranks;
    this.#send(this.#header(followed));
    this.#options.onBegin(followed);
    const { verdict, raised, log } = await engine.follow(
      followed.context,
      followed.target,
      this.#sink(),
      this.#stop.signal,
      {
        header: `▶ ${followed.header}`,
        onLog: (file) => (this.#log = file),
        onBars: (bars) => {
          if (bars.length > 0) this.#begun();
          this.#screen.bars(bars);
        },
        onRaised: (exception) => this.#options.onRaised(followed, exception),
        statusLine,
        gapText: (source, after, before) => `⚠ ${gapText(source, after, before)}`,
      },
    );
    this.#goOn();
    for (const note of verdictNotes(verdict)) this.#send(renderWarning(note));
    const line = verdictLine(followed.target.name, verdict, raised, path.basename(log.path));
    await log.note(line);
    await log.close();
    this.#send(renderVerdict(line, verdict));
    this.#pacer.flush();
    this.#options.onEnd({ followed, verdict, line, log: log.path });
    return verdict.outcome === "succeeded" ? 0 : 1;
  }

  #sink(): FollowSink {
    const began = this.#clock.now();
    return {
      lines: (records) => {
        this.#begun();
        this.#screen.lines(records);
        // Holds the streams back while a visible terminal is behind.
        return this.#pacer.ready(this.#unseen);
      },
      status: (source, state, text) => {
        if (this.#screen.isPaused) {
          this.#screen.mark(renderNote(statusLine(source, state, text)));
          return;
        }
        this.#waiting.begin(statusLine(source, state, text), began);
        if (this.#hasLines || this.#closed.signal.aborted) this.#waiting.end();
      },
      gap: (source, after, before) => {
        this.#waiting.end();
        this.#screen.mark(renderWarning(gapText(source, after, before)));
      },
    };
  }

  /** The job says something itself. */
  #begun(): void {
    this.#hasLines = true;
    this.#waiting.end();
  }

  #send(text: string): void {
    this.#waiting.end();
    this.#pacer.send(text);
  }

  #pause(): void {
    if (this.#screen.isPaused) {
      this.#goOn();
      return;
    }
    this.#send(renderStep(vscode.l10n.t("paused: p goes on; the log file goes on by itself")));
    this.#screen.pause();
  }

  #goOn(): void {
    this.#screen.goOn((came, left) => {
      const text = vscode.l10n.t("{0} came meanwhile", plural(came, "line"));
      const all = left === 0 ? text : `${text}; ${vscode.l10n.t("{0} of them are only in the log file", left)}`;
      return renderStep(all);
    });
  }

  #askFilter(log: LogFile): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#options
      .askFilter(this.#screen.filter.text)
      .then((typed) => (typed === undefined || this.#over ? undefined : this.#show(log, typed)))
      .catch((error: unknown) => this.#options.onFailure(error))
      .finally(() => (this.#asking = false));
  }

  /** Begins again with the last lines that the file has under this filter. */
  async #show(log: LogFile, typed: string): Promise<void> {
    const filter = readFilter(typed);
    await log.replay(
      KEPT_LINES,
      (line) => LogScreen.shows(filter, line),
      (lines) => {
        if (this.#over || this.#followed === undefined) return;
        this.#waiting.end();
        const step = filter.text === "" ? "" : renderStep(vscode.l10n.t("filter: {0}", filter.text));
        this.#screen.again(filter, this.#header(this.#followed) + step, lines);
      },
    );
  }

  #interrupt(): void {
    if (this.#over || this.#asking) return;
    const followed = this.#followed;
    if (followed === undefined) {
      this.#send(renderStep(vscode.l10n.t("cancelling; what was created already is removed")));
      this.#stop.abort();
      return;
    }
    this.#asking = true;
    this.#options
      .askStop(followed.target.name)
      .then(async (answer) => {
        if (answer === "stop-following") {
          this.#options.onStopFollowing(followed);
          this.#stop.abort();
        }
        if (answer === "stop-job") await this.#options.stopJob(followed);
      })
      .catch((error: unknown) => this.#options.onFailure(error))
      .finally(() => (this.#asking = false));
  }

  #fail(error: unknown): void {
    this.#goOn();
    if (isCancelled(error) || this.#stop.signal.aborted) {
      const text =
        this.#followed === undefined
          ? vscode.l10n.t("cancelled: nothing was launched")
          : vscode.l10n.t("no longer following; {0} goes on", this.#followed.target.name);
      this.#send(renderStep(text));
      // Turning away is no failure.
      this.#close(0);
      return;
    }
    this.#send(renderWarning(label(errorText(error), 600)));
    this.#options.onFailure(error);
    this.#close(1);
  }

  #header({ header }: Followed): string {
    return renderHeader(header, vscode.l10n.t("keys: f filter · p pause · o open log · ⌃C stop"), this.#columns);
  }

  #close(code: number): void {
    this.#over = true;
    this.#waiting.end();
    this.#pacer.flush();
    this.#closes.fire(code);
  }
}
