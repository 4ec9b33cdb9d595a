/** What stays at the foot of a page with a form, and may hide what is behind it. */
const FOOTER_PX = 80;

/** Takes the focus to the element of that id, and shows it from its beginning. */
export function focusOn(id: string): void {
  const element = document.getElementById(id);
  if (element === null) return;
  // A group of radios is no stop itself: its radio that is, is.
  const stop = element.querySelector<HTMLElement>("vscode-radio[tabindex='0']") ?? element;
  // What has come is read from its beginning, whatever was scrolled to.
  stop.focus({ preventScroll: true });
  const { top, bottom } = element.getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight - FOOTER_PX) element.scrollIntoView({ block: "start" });
}
