import * as vscode from "vscode";
import { errorText, isCancelled, isUserError, type NextStep } from "../core/errors.ts";
import { inert } from "../core/inert.ts";
import type { Logger } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { label } from "../core/sanitize.ts";
import { COMMANDS } from "../manifest.ts";

/** The only place that shows messages. Nobody waits for a message to be closed. */
export class Notify {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A failure of something that a person asked for. Cancellation is silent. */
  error(error: unknown): void {
    if (isCancelled(error)) return;
    this.#log.error(error instanceof Error && error.stack !== undefined ? error.stack : errorText(error));
    for (
      let cause = error instanceof Error ? error.cause : undefined;
      cause !== undefined;
      cause = cause instanceof Error ? cause.cause : undefined
    ) {
      this.#log.error(`because of ${errorText(cause)}`);
    }
    const steps = isUserError(error) ? error.next : [];
    // The words of a third button would be cut.
    const show: NextStep = { title: vscode.l10n.t("Show Output"), command: COMMANDS.showOutput };
    this.#offer(vscode.window.showErrorMessage, sentence(error), steps.length >= 2 ? steps : [...steps, show]);
  }

  warning(text: string, ...steps: readonly NextStep[]): void {
    this.#offer(vscode.window.showWarningMessage, clean(text), steps);
  }

  info(text: string, ...steps: readonly NextStep[]): void {
    this.#offer(vscode.window.showInformationMessage, clean(text), steps);
  }

  /** Asks before something that cannot be undone. Resolves to true where the person agreed. */
  async confirm(question: string, detail: string | readonly string[], agree: string): Promise<boolean> {
    return (await this.choose(question, detail, agree)) === agree;
  }

  /** The same where there are several ways to go on; undefined where the person wants none. */
  async choose(
    question: string,
    detail: string | readonly string[],
    ...ways: readonly string[]
  ): Promise<string | undefined> {
    return vscode.window.showWarningMessage(
      clean(question),
      {
        modal: true,
        detail: [detail]
          .flat()
          .map((line) => label(line, 4000))
          .join("\n"),
      },
      ...ways,
    );
  }

  /** As `confirm`, of something that is to be looked at meanwhile: nothing stands before it, and closing it says no. */
  async ask(question: string, agree: string): Promise<boolean> {
    const answer = await vscode.window.showInformationMessage(clean(question), agree, vscode.l10n.t("Cancel"));
    return answer === agree;
  }

  #offer(
    show: (message: string, ...items: string[]) => Thenable<string | undefined>,
    message: string,
    steps: readonly NextStep[],
  ): void {
    show(message, ...steps.map((step) => step.title)).then(
      (choice) => {
        const step = steps.find((candidate) => candidate.title === choice);
        if (step === undefined) return;
        vscode.commands
          .executeCommand(step.command, ...(step.args ?? []))
          .then(undefined, (error: unknown) => this.error(error));
      },
      (error: unknown) => this.#log.error(errorText(error)),
    );
  }
}

/** One sentence for the person; what is no UserError has at least its own words. */
export function sentence(error: unknown): string {
  const text = clean(errorText(error));
  return isUserError(error) ? text : vscode.l10n.t("That did not work: {0}", text);
}

function clean(text: string): string {
  return inert(label(redact(text), 600));
}
