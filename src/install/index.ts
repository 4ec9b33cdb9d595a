// What the rest of the project uses of installing Kubeflow. installers.ts is a bundle of its own: extension.ts imports it
// when somebody wants it.
export { type KnownAccount } from "./accounts.ts";
export { type InstallDesk } from "./desk.ts";
export { FLOW_STEPS, type FlowPorts, installInto } from "./flow.ts";
export { choiceOf, type FormFacts, type KubeflowForm, kubeflowForm, wantedOf } from "./form.ts";
export { InstallHealth, type InstallView, type PartView } from "./health.ts";
export { type TakenAlong } from "./instances.ts";
export { Installer, type InstallerOptions } from "./install.ts";
export { type Installers } from "./installers.ts";
export { type InstallPage } from "./page.ts";
export { type Prepared } from "./plan.ts";
export { type InstallRecord } from "./record.ts";
export { type Choice, type Component, type Release } from "./release.ts";
export { RELEASES } from "./releases/index.ts";
export { Timeline } from "./timeline.ts";
export { componentGroup, installNotes } from "./words.ts";
