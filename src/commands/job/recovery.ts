import * as vscode from "vscode";
import { errorText } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Engine } from "../../engine.ts";
import type { OpenFollow } from "../../jobs/index.ts";
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

  constructor(notify: Notify, log: Logger) {
    this.#notify = notify;
    this.#log = log;
  }

  begin(engine: Engine): void {
    this.#recover(engine).catch((error: unknown) =>
      this.#log.warn(`looking for earlier launches: ${errorText(error)}`),
    );
  }

  async #recover(engine: Engine): Promise<void> {
    await engine.prune();
    const interrupted = await engine.jobs.launcher.interrupted();
    const abandoned = await engine.jobs.abandonedFollows();
    if (interrupted.length === 0 && abandoned.length === 0) return;
    await engine.load();
    for (const entry of interrupted) {
      try {
        const { client } = engine.cluster(entry.context).connection;
        const outcome = await engine.jobs.launcher.resume(entry, client);
        if (outcome.kind === "started")
          this.#offer(
            entry.context,
            outcome.job,
            vscode.l10n.t("{0}, whose launch was cut off, has been started.", entry.name),
          );
        if (outcome.kind === "removed")
          this.#notify.info(
            vscode.l10n.t("{0}, whose launch was cut off, has been removed: it never ran.", entry.name),
          );
      } catch (error) {
        this.#notify.warning(
          vscode.l10n.t(
            "The launch of {0} was cut off, and its cluster could not be asked: {1}",
            entry.name,
            errorText(error),
          ),
        );
      }
    }
    for (const left of abandoned) await this.#remind(engine, left);
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
