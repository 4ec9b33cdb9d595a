import type { FrameLocator, Locator } from "playwright-core";
import type { Workbench } from "../editor/workbench.ts";

/** The wizard's page in the real workbench, as a person sees it. */
export class WizardPage {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** The page that is shown. */
  get frame(): FrameLocator {
    return this.#workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  }

  button(name: string | RegExp): Locator {
    return this.frame.getByRole("button", { name });
  }

  field(name: string): Locator {
    return this.frame.getByRole("textbox", { name });
  }

  radio(name: string): Locator {
    return this.frame.getByRole("radio", { name, exact: true });
  }

  text(words: string | RegExp): Locator {
    return this.frame.getByText(words).first();
  }

  /** A page for a new cluster, whatever the one that is open shows. */
  async open(): Promise<void> {
    // The keyboard is the page's while it has the focus.
    await this.#workbench.openView("Kubeflow");
    await this.#workbench.palette("Kubeflow: Create Cluster…");
    // The page that was there before may have a plan to show: its buttons have longer names.
    await this.frame.getByRole("button", { name: "Plan", exact: true }).waitFor();
  }

  /** The answers that have no sound default. */
  async fill(name: string): Promise<void> {
    await this.field("Name").fill(name);
    // As many as the cluster behind the stand-in has.
    await this.field("Nodes").first().fill("1");
    const project = this.frame.getByRole("combobox", { name: "Project" });
    // What gcloud told is a list; before that it is a text.
    if (!(await project.isVisible())) await this.field("Project").fill("ml-team-42");
    else {
      await project.click();
      await this.frame.getByRole("option", { name: "ML team" }).click();
    }
    await this.frame.getByRole("radio", { name: /just me/i }).click();
  }
}
