// A Chromium without a window that can reach nothing but this machine.
import path from "node:path";
import { chromium } from "playwright-core";
import type { BrowserContext } from "playwright-core";

export interface BrowserOptions {
  executable: string;
  /** Takes the browser's profile and all else that it writes. */
  folder: string;
  viewport?: { width: number; height: number } | undefined;
}

export function openBrowser(options: BrowserOptions): Promise<BrowserContext> {
  return chromium.launchPersistentContext(path.join(options.folder, "browser"), {
    executablePath: options.executable,
    headless: true,
    artifactsDir: path.join(options.folder, "artifacts"),
    // Whoever owns this process decides what a signal means: Playwright would end only its own part.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    viewport: options.viewport ?? { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
    args: [
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-breakpad",
      "--disable-component-update",
      "--disable-domain-reliability",
      "--disable-sync",
      "--no-default-browser-check",
      "--no-first-run",
      // A proxy out of the environment would look names up for us, past the next line.
      "--no-proxy-server",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
}
