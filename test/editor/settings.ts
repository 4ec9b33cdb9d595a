// What the editor is told about itself: calm settings, and the themes that people are shown.
import fs from "node:fs";
import path from "node:path";

export type Settings = Readonly<Record<string, unknown>>;

/** The four kinds of colour theme, each by a built-in one: its name in settings, in the list, in the page's classes. */
export const THEMES = {
  dark: { setting: "Dark Modern", label: "Dark Modern", className: "vs-dark" },
  light: { setting: "Light Modern", label: "Light Modern", className: "vs" },
  "hc-black": { setting: "Default High Contrast", label: "Dark High Contrast", className: "hc-black" },
  "hc-light": { setting: "Default High Contrast Light", label: "Light High Contrast", className: "hc-light" },
} as const;
export type Theme = keyof typeof THEMES;

/** No look-ups, no tips, no experiments: nothing that moves on the screen or the network of its own accord. */
export const CALM: Settings = {
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "json.schemaDownload.enable": false,
  "npm.fetchOnlinePackageInfo": false,
  "remote.autoForwardPorts": false,
  "telemetry.telemetryLevel": "off",
  "typescript.disableAutomaticTypeAcquisition": true,
  "update.mode": "none",
  "update.showReleaseNotes": false,
  "workbench.enableExperiments": false,
  "workbench.settings.enableNaturalLanguageSearch": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/** As above, and made to be read and driven by a program. */
export const TEST_SETTINGS: Settings = {
  ...CALM,
  "editor.accessibilitySupport": "off",
  "editor.cursorBlinking": "solid",
  "files.autoSave": "off",
  "git.enabled": false,
  "git.openRepositoryInParentFolders": "never",
  "terminal.integrated.cursorBlinking": false,
  // Then the terminal's text is in the page and can be read.
  "terminal.integrated.gpuAcceleration": "off",
  "terminal.integrated.showLinkHover": false,
  "window.menuBarVisibility": "classic",
  "workbench.editor.enablePreview": false,
  "workbench.reduceMotion": "on",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
};

function settingsFile(userData: string): string {
  return path.join(userData, "User", "settings.json");
}

/**
 * Adds to a profile's settings: `defaults` give way to what the file says, `settings` do not. A file that a person
 * has put comments into is left as it is.
 */
export function writeSettings(userData: string, defaults: Settings, settings: Settings): void {
  const file = settingsFile(userData);
  const present = fs.existsSync(file) ? readSettings(file) : {};
  if (!present) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify({ ...defaults, ...present, ...settings }, undefined, 2));
}

function readSettings(file: string): Settings | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Settings;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
