import type { Release } from "../release.ts";
import { RELEASE_26_03_1 } from "./26.03.1.ts";

/** Releases that can be installed, the newest first: another one is another file here. */
export const RELEASES: readonly Release[] = [RELEASE_26_03_1];
