/** A page as the server gave it, and when (monotonic ms). */
interface Page<T> {
  readonly token: string;
  readonly items: readonly T[];
  readonly next: string;
  readonly readAt: number;
}

export interface PageAnswer<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly next: string;
  readonly total: number | undefined;
}

/** The pages of a list that were asked for, from the first on. */
export interface Pages<T> {
  readonly pages: readonly Page<T>[];
  /** Each once, in the server's order. */
  readonly items: readonly T[];
  readonly total: number | undefined;
  readonly hasMore: boolean;
}

export interface PagesWish<T> {
  readonly count: number;
  readonly fetch: (token: string) => Promise<PageAnswer<T>>;
  /** Milliseconds after which a page with these items is old. */
  readonly everyMs: (items: readonly T[]) => number;
  /** Monotonic ms. */
  readonly now: () => number;
  /** All pages, however fresh. */
  readonly anew: boolean;
}

/**
 * Reads the pages that are old, and those that begin elsewhere than before: a token names the row with which its page
 * begins, so what is new on one page moves the next. The same object where nothing has changed.
 */
export async function readPages<T extends { readonly id: string }>(
  before: Pages<T> | undefined,
  { count, fetch, everyMs, now, anew }: PagesWish<T>,
): Promise<Pages<T>> {
  const pages: Page<T>[] = [];
  let total = before?.total;
  let token = "";
  while (pages.length < count) {
    const known = before?.pages[pages.length];
    const isFresh = known?.token === token && !anew && now() - known.readAt < everyMs(known.items);
    const answer = isFresh ? undefined : await fetch(token);
    // It is told with the first page; later pages know no better.
    if (answer !== undefined && pages.length === 0) total = answer.total;
    const page = answer === undefined ? known : { token, items: answer.items, next: answer.next, readAt: now() };
    if (page === undefined) break;
    pages.push(page);
    token = page.next;
    if (token === "") break;
  }
  const items = [...new Map(pages.flatMap((page) => page.items).map((item) => [item.id, item])).values()];
  const hasMore = token !== "";
  const isSame =
    before !== undefined &&
    JSON.stringify([before.items, before.total, before.hasMore]) === JSON.stringify([items, total, hasMore]);
  return { pages, items: isSame ? before.items : items, total, hasMore };
}
