import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the names of new files in a folder as durable as the files. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
