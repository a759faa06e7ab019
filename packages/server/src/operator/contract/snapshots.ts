/** `/snapshot`: a lab as one file, to be given to somebody else. */
import { z } from "zod";
import { timestamp } from "./common.ts";
import type { Routes } from "./route.ts";
import { SNAPSHOT_FILE_BYTES_MAX } from "./values.ts";

const tag = "lab";
const BASE64_CHARACTERS_MAX = Math.ceil(SNAPSHOT_FILE_BYTES_MAX / 3) * 4;

const file = z
  .base64()
  .max(BASE64_CHARACTERS_MAX)
  .describe(`The snapshot's file, in base64; the file has at most ${SNAPSHOT_FILE_BYTES_MAX / 1_048_576} MiB.`);

const savedSchema = z
  .object({
    file,
    savedAt: timestamp.describe("Where the service clock stood."),
    objects: z.int().describe("Of the catalogue."),
    resources: z.int(),
    entries: z.int(),
  })
  .meta({ id: "SavedSnapshot" });

const loadedSchema = z
  .object({
    savedAt: timestamp.describe("Where the service clock stood when it was saved."),
    now: timestamp.describe("Where it stands now."),
    savedBy: z.string().describe("The version that saved it."),
    ruleSet: z.string().describe("The rules by which its calls were answered; this server goes on by its own."),
    objects: z.int(),
    resources: z.int(),
    entries: z.int(),
    accessKeys: z
      .array(
        z.object({
          accessKeyId: z.string(),
          secretAccessKey: z.string(),
          accountId: z.string(),
          userName: z.string(),
        }),
      )
      .describe("Keys whose secrets were made anew: the only answer that shows them."),
  })
  .meta({ id: "LoadedSnapshot" });

export const snapshotRoutes = {
  "POST /snapshot/save": {
    tag,
    command: "snapshot save",
    summary: "Save the lab as one file: catalogue, ledger and the place of the clock, without secrets",
    lab: true,
    answer: { status: 200, description: "The file", json: savedSchema },
    problems: [409],
  },
  "POST /snapshot/load": {
    tag,
    command: "snapshot load",
    summary: "Put a snapshot in place, in a lab where nothing has happened yet; all of it, or nothing",
    lab: true,
    body: z.strictObject({ file }),
    bodyBytesMax: BASE64_CHARACTERS_MAX + 1_024,
    answer: { status: 200, description: "What is there now", json: loadedSchema },
    problems: [409],
  },
} as const satisfies Routes;
