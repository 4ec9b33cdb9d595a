// Signing in at Kubeflow's own address, for people to whom the cluster's API is closed: its pipelines are read by that.
import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import { cookieOf, type GatewayLogin, originOf } from "../../kubeflow/gateway/gateways.ts";
import { askText, type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { copyAdminRequest } from "../cluster/adminRequest.ts";
import { pickContext } from "../cluster/clusters.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf } from "../nodes.ts";

/** Handed over by a row of ours. */
export function isSignIn(target: unknown): target is { readonly signIn: unknown } {
  return typeof target === "object" && target !== null && "signIn" in target;
}

type How = "password" | "cookie" | "admin" | "open" | "out";

/** Asks how and as whom, and keeps it in secret storage once it leads to pipelines. */
export async function signInAtKubeflow(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const context = typeof target === "string" ? target : (contextOf(target) ?? (await pickContext(engine)));
  const gateway = engine.gateway(context);
  if (gateway === undefined) throw new Error("there is no secret storage");
  const known = await gateway.origin();
  const title = vscode.l10n.t("Sign in at the Kubeflow of {0}", label(context, 60));
  const how = await pickOne({ title, placeholder: vscode.l10n.t("How?"), items: ways(known) });
  const desk = engine.pipelineDesk;
  if (how === "admin") return copyAdminRequest(deps, target);
  if (how === "open") {
    await vscode.env.openExternal(vscode.Uri.parse(known?.href ?? "", true));
    return;
  }
  if (how === "out") {
    await gateway.forget();
    desk.reopen(context);
    return;
  }
  const origin = await askOrigin(title, known);
  const login = how === "cookie" ? await askCookie(title) : await askLogin(title);
  if (!(await mayBeRead(deps, origin))) return;
  await withProgress(vscode.l10n.t("Signing in at {0}", label(origin.host, 60)), async (signal) => {
    const { server } = desk.of(context);
    const leadsIn = (): Promise<unknown> => {
      server.reopen();
      return server.open(signal);
    };
    await gateway.enter(origin, login, leadsIn, signal).finally(() => desk.reopen(context));
  });
  deps.notify.info(vscode.l10n.t("You are signed in at {0}.", label(origin.host, 100)));
}

function ways(known: URL | undefined): Choice<How>[] {
  return [
    {
      label: vscode.l10n.t("With a Password…"),
      detail: vscode.l10n.t("Of an account of Kubeflow, or of the directory that it asks."),
      value: "password",
    },
    {
      label: vscode.l10n.t("With a Browser’s Session…"),
      detail: vscode.l10n.t("For single sign-on: the cookie that a browser has there."),
      value: "cookie",
    },
    {
      label: vscode.l10n.t("Copy Request for Your Admin"),
      detail: vscode.l10n.t("The rights that lead to pipelines without Kubeflow’s sign-in."),
      value: "admin",
    },
    ...(known === undefined
      ? []
      : [
          { label: vscode.l10n.t("Open {0} in the Browser", label(known.host, 60)), value: "open" as const },
          { label: vscode.l10n.t("Sign Out of {0}", label(known.host, 60)), value: "out" as const },
        ]),
  ];
}

async function askOrigin(title: string, known: URL | undefined): Promise<URL> {
  const text = await askText({
    title,
    prompt: vscode.l10n.t("Address of Kubeflow, as it is in a browser."),
    ...(known === undefined ? {} : { value: known.origin }),
    check: (typed) =>
      originOf(typed) === undefined ? vscode.l10n.t("An address is like https://kubeflow.example.org.") : undefined,
  });
  return originOf(text) ?? askOrigin(title, known);
}

async function askLogin(title: string): Promise<GatewayLogin> {
  const filled = (typed: string): string | undefined =>
    typed === "" ? vscode.l10n.t("It cannot be empty.") : undefined;
  const email = await askText({ title, prompt: vscode.l10n.t("Email address."), check: filled });
  const prompt = vscode.l10n.t("Password of {0}. It is kept in the editor’s secret storage.", label(email, 100));
  return { email, password: await askText({ title, prompt, isSecret: true, check: filled }) };
}

async function askCookie(title: string): Promise<GatewayLogin> {
  const cookie = await askText({
    title,
    prompt: vscode.l10n.t(
      "Cookie of the session: the request header «Cookie» of any page there, from the browser’s tools.",
    ),
    isSecret: true,
    check: (typed) => (cookieOf(typed) === undefined ? vscode.l10n.t("A cookie is like name=value.") : undefined),
  });
  return { cookie: cookieOf(cookie) ?? "" };
}

/** Without TLS, everybody on the way reads along. */
async function mayBeRead({ notify }: CommandDeps, origin: URL): Promise<boolean> {
  const isHere = /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(origin.hostname);
  if (origin.protocol === "https:" || isHere) return true;
  return notify.confirm(
    vscode.l10n.t("Sign in at {0} without encryption?", label(origin.host, 100)),
    vscode.l10n.t("The address begins with http: whoever is on the way there can read what you sign in with."),
    vscode.l10n.t("Sign In"),
  );
}
