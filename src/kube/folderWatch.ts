import { type FSWatcher, watch } from "node:fs";
import path from "node:path";
import { after, type Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorCode } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

const SETTLE_MS = 300;

/**
 * Calls back a moment after any of the files was written, made, replaced or removed. Folders are watched, since most
 * programs replace a file and a watch would stay with the old one. A folder that does not exist is not watched.
 */
export class FolderWatch implements Disposable {
  readonly #onChange: () => void;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #watchers = new Map<string, FSWatcher>();
  #files: ReadonlySet<string> = new Set();
  #settling: Disposable | undefined;

  constructor(onChange: () => void, clock: Clock, log: Logger) {
    this.#onChange = onChange;
    this.#clock = clock;
    this.#log = log;
  }

  set(files: readonly string[]): void {
    this.#files = new Set(files);
    const folders = new Set(files.map((file) => path.dirname(file)));
    for (const [folder, watcher] of this.#watchers) if (!folders.has(folder)) this.#end(folder, watcher);
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#begin(folder);
  }

  dispose(): void {
    this.#settling?.dispose();
    for (const [folder, watcher] of this.#watchers) this.#end(folder, watcher);
  }

  #begin(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || this.#files.has(path.join(folder, name))) this.#changed();
      });
      watcher.on("error", () => this.#end(folder, watcher));
      this.#watchers.set(folder, watcher);
    } catch (error) {
      this.#log.debug(`Not watched: ${folder} (${errorCode(error) ?? "unknown"})`);
    }
  }

  #end(folder: string, watcher: FSWatcher): void {
    if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
    watcher.close();
  }

  #changed(): void {
    this.#settling?.dispose();
    this.#settling = after(this.#clock, SETTLE_MS, this.#onChange);
  }
}
