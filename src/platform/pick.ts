import * as vscode from "vscode";
import { CancelledError } from "../core/errors.ts";

export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

export interface PickOptions<T> {
  readonly title: string;
  readonly placeholder: string;
  readonly items: readonly Choice<T>[];
  /** The item that Enter takes. */
  readonly active?: Choice<T> | undefined;
  readonly step?: readonly [step: number, of: number];
  /** Offers what was typed as a choice of its own; undefined where the text is no answer. */
  readonly typed?: (text: string) => Choice<T> | undefined;
}

/** One question with a list. Rejects with CancelledError where the person turns away. */
export function pickOne<T>(options: PickOptions<T>): Promise<T> {
  const pick = vscode.window.createQuickPick<Choice<T>>();
  pick.title = options.title;
  pick.placeholder = options.placeholder;
  pick.items = options.items;
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  if (options.active !== undefined) pick.activeItems = [options.active];
  if (options.step !== undefined) [pick.step, pick.totalSteps] = options.step;
  return new Promise<T>((resolve, reject) => {
    pick.onDidChangeValue((text) => {
      const typed = text.trim() === "" ? undefined : options.typed?.(text.trim());
      pick.items =
        typed === undefined || options.items.some((item) => item.label === typed.label)
          ? options.items
          : [...options.items, typed];
    });
    pick.onDidAccept(() => {
      const [choice] = pick.activeItems;
      if (choice === undefined) return;
      resolve(choice.value);
      pick.hide();
    });
    pick.onDidHide(() => {
      reject(new CancelledError());
      pick.dispose();
    });
    pick.show();
  });
}

/** Some of a list, in its order. Rejects with CancelledError where the person turns away or takes none. */
export async function pickSome<T>(
  title: string,
  placeholder: string,
  items: readonly Choice<T>[],
): Promise<readonly T[]> {
  const options = {
    title,
    placeHolder: placeholder,
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  } as const;
  const picked = await vscode.window.showQuickPick(items, options);
  if (picked === undefined || picked.length === 0) throw new CancelledError();
  return picked.map(({ value }) => value);
}

/** One question with a text. `check` returns a sentence where the text is no answer. */
export async function askText(options: {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  /** Not to be read over a shoulder. */
  readonly isSecret?: boolean;
  readonly check: (text: string) => string | undefined;
}): Promise<string> {
  const text = await vscode.window.showInputBox({
    title: options.title,
    prompt: options.prompt,
    ignoreFocusOut: true,
    password: options.isSecret === true,
    ...(options.value === undefined ? {} : { value: options.value }),
    validateInput: options.check,
  });
  if (text === undefined) throw new CancelledError();
  // Of a password a blank may be part.
  return options.isSecret === true ? text : text.trim();
}

/** A folder of this computer; undefined where the person turns away. */
export async function pickFolder(title: string, openLabel: string): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    ...{ canSelectFiles: false, canSelectFolders: true, canSelectMany: false },
    ...{ title, openLabel },
  });
  return picked?.[0]?.fsPath;
}
