// What the rest of the project uses of installing Kubeflow. installers.ts is a bundle of its own: extension.ts imports it
// when somebody wants it.
export { Installer, type InstallerOptions } from "./install.ts";
export { type Installers } from "./installers.ts";
export { type InstallPlan } from "./plan.ts";
export { type Choice, type Component, type Profile, type Release } from "./release.ts";
