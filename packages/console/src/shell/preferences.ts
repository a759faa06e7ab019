/** What somebody likes: how times are written, light or dark. Kept by the browser, for all tabs. */
import { useSyncExternalStore } from "react";

export const TIME_MODES = ["utc", "local", "relative"] as const;
export const THEMES = ["system", "light", "dark"] as const;

export interface Preferences {
  readonly time: (typeof TIME_MODES)[number];
  readonly theme: (typeof THEMES)[number];
}

const KEY = "countinghouse-preferences";
const watchers = new Set<() => void>();
let preferences: Preferences = read();

function read(): Preferences {
  let stored: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    stored = (JSON.parse(localStorage.getItem(KEY) ?? "{}") as typeof stored | null) ?? {};
  } catch {
    // Not readable, or not ours.
  }
  return {
    time: TIME_MODES.find((mode) => mode === stored.time) ?? "utc",
    theme: THEMES.find((theme) => theme === stored.theme) ?? "system",
  };
}

function show(): void {
  document.documentElement.dataset["theme"] = preferences.theme;
  for (const watcher of watchers) watcher();
}

export function prefer(change: Partial<Preferences>): void {
  preferences = { ...preferences, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // It holds for this page.
  }
  show();
}

/** Before anything is drawn. */
export function beginPreferences(): void {
  show();
  // Another tab of the same browser.
  addEventListener("storage", ({ key }) => {
    if (key !== KEY) return;
    preferences = read();
    show();
  });
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(watch, () => preferences);
}
