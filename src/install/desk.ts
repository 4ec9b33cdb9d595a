/** What the person sees and presses outside the page; the editor's part of it. */
export interface InstallDesk {
  showText(name: string, text: string): void;
  copy(text: string): void;
  pickFolder(title: string): Promise<string | undefined>;
  fail(error: unknown): void;
  tell(message: string, good: boolean): void;
  /** Opens the dashboard of the context's cluster. */
  openDashboard(context: string): Promise<void>;
}
