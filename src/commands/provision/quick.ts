// The wizard's questions as quick picks, for those who do not want a page: ends in its plan, or in a folder.
import * as vscode from "vscode";
import { label, pickLabel } from "../../core/sanitize.ts";
import { askText, type Choice, pickFolder, pickOne } from "../../platform/pick.ts";
import type { Preview, Provisioning, Wish } from "../../provision/index.ts";
import type { CommandDeps } from "../deps.ts";
import { openWizard } from "./wizard.ts";

const NO_GPU = "";

/** Asks for what has no sound default, shows the price, then opens the page with all of it, or writes the folder. */
export async function createClusterQuick(deps: CommandDeps): Promise<void> {
  const provisioning = await deps.provisioning();
  const title = vscode.l10n.t("Create Cluster");
  let wish = provisioning.defaultWish();
  const where = await pickOne<Wish["where"]>({
    title,
    placeholder: vscode.l10n.t("Where?"),
    items: [
      { label: vscode.l10n.t("Google Kubernetes Engine"), description: vscode.l10n.t("Preview"), value: "gke" },
      { label: vscode.l10n.t("Amazon EKS"), description: vscode.l10n.t("Preview"), value: "eks" },
      { label: vscode.l10n.t("This computer"), description: "k3d, kind, minikube, microk8s", value: "local" },
    ],
  });
  wish = { ...wish, where };
  wish =
    where === "local" ? await askLocal(provisioning, title, wish) : await askCloud(provisioning, title, wish, where);
  wish = { ...wish, name: await askName(provisioning, title, wish) };
  const wizard = await provisioning.wizard("new", undefined, wish);
  const shown = await wizard.preview();
  const { hour } = shown.cost;
  const price =
    where === "local"
      ? ""
      : `$${hour.least.toFixed(2)}/h ${vscode.l10n.t("empty")}, $${hour.most.toFixed(2)}/h ${vscode.l10n.t("full")}`;
  const next = await pickOne<"page" | "folder">({
    title: price === "" ? title : `${title}: ${price}`,
    placeholder: vscode.l10n.t("Nothing is made yet"),
    items: [
      { label: vscode.l10n.t("Show plan and price"), description: vscode.l10n.t("then create"), value: "page" },
      { label: vscode.l10n.t("Export folder…"), description: vscode.l10n.t("the files alone"), value: "folder" },
    ],
  });
  if (next === "page") return openWizard(deps, wizard);
  const folder = await wizard.exportTo(() => pickFolder(title, vscode.l10n.t("Export")));
  if (folder !== undefined) deps.notify.info(vscode.l10n.t("The folder was written: {0}", folder));
}

async function askCloud(provisioning: Provisioning, title: string, wish: Wish, where: "gke" | "eks"): Promise<Wish> {
  const field = where === "gke" ? "gke.project" : "eks.profile";
  const account = await pickTyped(
    title,
    where === "gke" ? vscode.l10n.t("Project") : vscode.l10n.t("Profile of the AWS configuration"),
    await choicesOf(provisioning, wish, field),
    where === "eks",
  );
  wish =
    where === "gke"
      ? { ...wish, gke: { ...wish.gke, project: account } }
      : { ...wish, eks: { ...wish.eks, profile: account } };
  const region = await pickTyped(
    title,
    vscode.l10n.t("Region"),
    await choicesOf(provisioning, wish, `${where}.region`),
  );
  wish = provisioning.followed(wish, { ...wish, [where]: { ...wish[where], region } });
  const gpus = await choicesOf(provisioning, wish, `${where}.gpu.gpu`);
  const gpu = await pickOne({
    title,
    placeholder: vscode.l10n.t("GPU"),
    items: [...gpus, { label: vscode.l10n.t("No GPU pool"), value: NO_GPU }],
  });
  const pool = wish[where].gpu;
  const changed = gpu === NO_GPU || pool === null ? null : { ...pool, gpu };
  wish = provisioning.followed(wish, { ...wish, [where]: { ...wish[where], gpu: changed } });
  const state = await pickOne<"mine" | "shared">({
    title,
    placeholder: vscode.l10n.t("Where does Terraform keep what it made?"),
    items: [
      { label: vscode.l10n.t("Just me, on this computer"), value: "mine" },
      { label: vscode.l10n.t("Shared, in a bucket with a lock"), value: "shared" },
    ],
  });
  if (state === "mine") return { ...wish, state: { kind: "mine" } };
  const bucket = await askText({
    ...{ title, prompt: vscode.l10n.t("Bucket that is there already") },
    check: (text) =>
      /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(text) ? undefined : vscode.l10n.t("That is no bucket’s name."),
  });
  return { ...wish, state: { kind: "shared", bucket, prefix: `trainyard/${wish.name}` } };
}

async function askLocal(provisioning: Provisioning, title: string, wish: Wish): Promise<Wish> {
  const tools = await choicesOf(provisioning, wish, "local.tool");
  const tool = await pickOne({ title, placeholder: vscode.l10n.t("With which tool?"), items: tools });
  return { ...wish, local: { ...wish.local, tool: tool as Wish["local"]["tool"] }, state: { kind: "mine" } };
}

function askName(provisioning: Provisioning, title: string, wish: Wish): Promise<string> {
  return askText({
    ...{ title, prompt: vscode.l10n.t("Name of the cluster"), value: wish.name },
    check: (name) => provisioning.findings({ ...wish, name }).find(({ field }) => field === "name")?.message,
  });
}

async function choicesOf(provisioning: Provisioning, wish: Wish, field: string): Promise<readonly Choice<string>[]> {
  const { choices }: Preview = await provisioning.preview(wish);
  return (choices[field] ?? []).map(({ value, label: name, detail }) => ({
    label: pickLabel(name),
    description: pickLabel(detail ?? ""),
    value,
  }));
}

/** One of the list, or what is typed; `none`: an empty answer is one. */
function pickTyped(
  title: string,
  placeholder: string,
  items: readonly Choice<string>[],
  none = false,
): Promise<string> {
  const empty: Choice<string> = { label: vscode.l10n.t("What the environment gives"), value: "" };
  return pickOne({
    ...{ title, placeholder, items: none ? [empty, ...items] : items },
    typed: (text) => ({ label: label(text), description: vscode.l10n.t("as typed"), value: text }),
  });
}
