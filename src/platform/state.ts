import type * as vscode from "vscode";
import type { StateStore } from "../core/storage.ts";

/** Global state of this installation: choices of the person, never anything secret. */
export class MementoState implements StateStore {
  readonly #memento: vscode.Memento;

  constructor(memento: vscode.Memento) {
    this.#memento = memento;
  }

  get(key: string): unknown {
    return this.#memento.get<unknown>(key);
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#memento.update(key, value);
  }
}
