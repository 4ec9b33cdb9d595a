import * as vscode from "vscode";
import { errorText } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Engine } from "../../engine.ts";
import type { LaunchEntry, OpenFollow } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import type { Notify } from "../../platform/notify.ts";
import { jobReference } from "./jobs.ts";

/**
 * What an earlier window has left: launches that were cut off are finished or undone, and jobs that somebody followed
 * are offered again. Begins when the extension is woken by a view, a task or a command; a launch was the consent to
 * ask its cluster about it.
 */
export class Recovery {
  readonly #notify: Notify;
  readonly #log: Logger;
  readonly #busy = new Set<string>();

  constructor(notify: Notify, log: Logger) {
    this.#notify = notify;
    this.#log = log;
  }

  begin(engine: Engine): void {
    const settle = (work: Promise<void>): void => {
      work.catch((error: unknown) => this.#log.warn(`looking for earlier launches: ${errorText(error)}`));
    };
    settle(this.#recover(engine));
    // A launch whose last answer was lost is looked at again as soon as its cluster answers.
    engine.onDidChangeCluster((context) => {
      if (engine.clusterState(context).kind === "live") settle(this.#finishLaunches(engine, context));
    });
  }

  async #recover(engine: Engine): Promise<void> {
    await engine.prune();
    await engine.load();
    await this.#finishLaunches(engine);
    for (const left of await engine.jobs.abandonedFollows()) await this.#remind(engine, left);
  }

  /** Finishes or undoes what was cut off: of one cluster, or of all. */
  async #finishLaunches(engine: Engine, context?: string): Promise<void> {
    for (const entry of await engine.jobs.launcher.interrupted()) {
      if (this.#busy.has(entry.id) || (context !== undefined && entry.context !== context)) continue;
      this.#busy.add(entry.id);
      try {
        await this.#finish(engine, entry);
      } finally {
        this.#busy.delete(entry.id);
      }
    }
  }

  async #finish(engine: Engine, entry: LaunchEntry): Promise<void> {
    const { context, name } = entry;
    try {
      const outcome = await engine.jobs.launcher.resume(entry, engine.cluster(context).connection.client);
      if (outcome.kind === "started") {
        this.#offer(context, outcome.job, vscode.l10n.t("{0}, whose launch was cut off, has been started.", name));
      } else if (outcome.kind === "removed") {
        this.#notify.info(vscode.l10n.t("{0}, whose launch was cut off, has been removed: it never ran.", name));
      }
    } catch (error) {
      const text = vscode.l10n.t(
        "The launch of {0} was cut off, and could not be finished: {1}",
        name,
        errorText(error),
      );
      this.#notify.warning(text);
    }
  }

  /** Told once: whoever wants it followed again says so, and is not asked in every later window. */
  async #remind(engine: Engine, left: OpenFollow): Promise<void> {
    await engine.jobs.followEnded(left.uid);
    if (!engine.contexts().some((context) => context.name === left.context)) return;
    try {
      const job = await engine.findJob(left.context, left);
      if (job === undefined) return;
      const text = engine.isActive(job)
        ? vscode.l10n.t("{0} is still active.", left.name)
        : vscode.l10n.t("{0} has ended: {1}.", left.name, (job.condition ?? "").toLowerCase());
      this.#offer(left.context, left, text);
    } catch (error) {
      this.#offer(left.context, left, vscode.l10n.t("Nothing is known of {0}: {1}", left.name, errorText(error)));
    }
  }

  #offer(
    context: string,
    job: { readonly namespace: string; readonly name: string; readonly uid: string },
    text: string,
  ): void {
    this.#notify.info(text, {
      title: vscode.l10n.t("Follow Again"),
      command: COMMANDS.followJob,
      args: [jobReference(context, job)],
    });
  }
}
