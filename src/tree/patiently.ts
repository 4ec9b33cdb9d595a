/** Milliseconds between tries to show a row, and how many there are. */
const AGAIN_MS = 300;
const TRIES = 10;

/** VS Code finds no row of a folder that is being drawn anew, and says so; a moment later it does. */
export async function patiently(reveal: () => Thenable<void>, againMs = AGAIN_MS): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await reveal();
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}
