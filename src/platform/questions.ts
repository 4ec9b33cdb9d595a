import * as vscode from "vscode";
import { CancelledError } from "../core/errors.ts";

/** One question of a row of them: a text, or one of a few choices. */
export interface Question {
  readonly key: string;
  readonly name: string;
  readonly help: string;
  readonly initial: string;
  readonly choices?: readonly { readonly value: string; readonly label: string; readonly detail?: string }[];
  /** A sentence where the text is no answer. */
  readonly check?: (text: string) => string | undefined;
}

const BACK = Symbol("back");

/**
 * Asks one after the other, with a button that goes back; what was answered stays. `questions` are told anew after each
 * answer. Undefined where the person goes back from the first; rejects with CancelledError where they turn away.
 */
export async function askEach(
  title: string,
  questions: (answers: Readonly<Record<string, string>>) => readonly Question[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const answers: Record<string, string> = {};
  for (let at = 0; ;) {
    const all = questions(answers);
    const question = all[at];
    if (question === undefined) return answers;
    const answer = await ask(title, question, answers[question.key] ?? question.initial, [at + 1, all.length]);
    if (answer !== BACK) {
      answers[question.key] = answer;
      at += 1;
    } else if (at === 0) return undefined;
    else at -= 1;
  }
}

function ask(
  title: string,
  question: Question,
  known: string,
  step: readonly [number, number],
): Promise<string | typeof BACK> {
  return question.choices === undefined
    ? askLine(title, question, known, step)
    : askChoice(title, question, question.choices, known, step);
}

function askLine(
  title: string,
  { name, help, check }: Question,
  known: string,
  step: readonly [number, number],
): Promise<string | typeof BACK> {
  const input = vscode.window.createInputBox();
  input.value = known;
  input.prompt = help;
  const problem = (): string | undefined => check?.(input.value.trim());
  return asked(input, `${title}: ${name}`, step, (accept) => {
    input.onDidChangeValue(() => (input.validationMessage = problem()));
    input.onDidAccept(() => {
      input.validationMessage = problem();
      if (input.validationMessage === undefined) accept(input.value.trim());
    });
    return input.onDidTriggerButton;
  });
}

function askChoice(
  title: string,
  { name, help }: Question,
  choices: NonNullable<Question["choices"]>,
  known: string,
  step: readonly [number, number],
): Promise<string | typeof BACK> {
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly value: string }>();
  pick.placeholder = help;
  pick.items = choices.map((choice) => ({ ...choice }));
  pick.activeItems = pick.items.filter(({ value }) => value === known);
  return asked(pick, `${title}: ${name}`, step, (accept) => {
    pick.onDidAccept(() => {
      const [chosen] = pick.activeItems;
      if (chosen !== undefined) accept(chosen.value);
    });
    return pick.onDidTriggerButton;
  });
}

function asked(
  input: vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem & { readonly value: string }>,
  title: string,
  step: readonly [number, number],
  listen: (accept: (answer: string) => void) => vscode.Event<vscode.QuickInputButton>,
): Promise<string | typeof BACK> {
  input.title = title;
  [input.step, input.totalSteps] = step;
  input.ignoreFocusOut = true;
  input.buttons = [vscode.QuickInputButtons.Back];
  return new Promise((resolve, reject) => {
    const end = (answer: string | typeof BACK): void => {
      resolve(answer);
      input.hide();
    };
    listen(end)(() => end(BACK));
    input.onDidHide(() => {
      reject(new CancelledError());
      input.dispose();
    });
    input.show();
  });
}
