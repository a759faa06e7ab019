/** `/clock` and `/reset`: changes that affect every caller. */
import { DURATION_SECONDS_MAX } from "@countinghouse/protocol";
import { z } from "zod";
import { timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";

const tag = "lab";

const clockSchema = z.object({ now: timestamp, mode: z.enum(["system", "manual", "offset"]) }).meta({ id: "Clock" });

/** The service clock's time, and what makes it move. */
export type Clock = Frozen<z.output<typeof clockSchema>>;

const clockMove = z
  .strictObject({
    now: timestamp.optional(),
    advanceSeconds: z.number().min(0).max(DURATION_SECONDS_MAX).optional(),
  })
  .refine(({ now, advanceSeconds }) => (now === undefined) !== (advanceSeconds === undefined), {
    message: "must have exactly one of now and advanceSeconds",
  });

export const labRoutes = {
  "GET /clock": {
    tag,
    command: "clock show",
    summary: "Where the service clock stands",
    answer: { status: 200, description: "The clock", json: clockSchema },
  },
  "PUT /clock": {
    tag,
    command: "clock set",
    summary: "Move the service clock forward: to a time, or by a number of seconds",
    body: clockMove,
    answer: { status: 200, description: "The clock", json: clockSchema },
    problems: [409],
  },
  "POST /reset": {
    tag,
    command: "reset",
    summary:
      "Empty the ledger, end all faults and put the catalogue back as the server was started with; the clock stays where it is, and registration keys stay as they are",
    answer: { status: 204, description: "It is empty" },
    problems: [403, 409],
  },
} as const satisfies Routes;
