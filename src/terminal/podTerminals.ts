import * as vscode from "vscode";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import { PodLog } from "./podLog.ts";
import { ShellTerminal } from "./shellTerminal.ts";

/** Opens terminals that look into pods. They end with their window: what they show is not ours. */
export class PodTerminals {
  /** Failures are told in it. */
  shell(engine: Engine, context: string, place: ContainerRef): void {
    show(label(place.pod, 63), new ShellTerminal(engine, context, place), "terminal");
  }

  /** From the last lines on. */
  logs(engine: Engine, context: string, place: ContainerRef): void {
    const pty = new PodLog({ ...place, follow: (...how) => engine.podLog(context, place, ...how) });
    show(vscode.l10n.t("log of {0}", label(place.pod, 63)), pty, "output");
  }
}

function show(name: string, pty: vscode.Pseudoterminal, icon: string): void {
  vscode.window.createTerminal({ name, pty, isTransient: true, iconPath: new vscode.ThemeIcon(icon) }).show();
}
