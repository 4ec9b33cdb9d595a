import * as vscode from "vscode";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import { containerState } from "../kubeflow/containerState.ts";
import { PodLog } from "./podLog.ts";
import { openShellTerminal } from "./shellTerminal.ts";

/** Which container a terminal looks into. */
export interface PodPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Opens terminals that look into pods. They end with their window: what they show is not ours. */
export class PodTerminals {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  shell(engine: Engine, context: string, place: PodPlace): void {
    openShellTerminal(() => Promise.resolve(engine), { context, ...place });
  }

  /** From the last lines on; `previous`: of the run before the present one. */
  logs(engine: Engine, context: string, place: PodPlace): void {
    const { client } = engine.cluster(context).connection;
    const pty = new PodLog({ ...place, client, log: this.#log, isOver: () => containerState(client, place) });
    const name = vscode.l10n.t("log of {0}", label(place.pod, 63));
    vscode.window.createTerminal({ name, pty, isTransient: true, iconPath: new vscode.ThemeIcon("output") }).show();
  }
}
