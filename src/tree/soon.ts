/** Waits until the work has ended, well or not, but no longer than this. Never rejects. */
export async function soon(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  const over = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([over, late]);
  clearTimeout(timer);
}
