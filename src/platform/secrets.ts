import type * as vscode from "vscode";
import type { SecretStore } from "../core/storage.ts";

/** The editor's secret storage, which the operating system's keychain encrypts where there is one. */
export class VscodeSecrets implements SecretStore {
  readonly #secrets: vscode.SecretStorage;

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
  }

  async get(key: string): Promise<string | undefined> {
    return this.#secrets.get(key);
  }

  async set(key: string, value: string): Promise<void> {
    await this.#secrets.store(key, value);
  }

  async delete(key: string): Promise<void> {
    await this.#secrets.delete(key);
  }
}
