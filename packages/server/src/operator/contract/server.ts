/** `/server` and `/search`: the server itself, and everything whose name holds a text. */
import { z } from "zod";
import { timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";
import { SEARCH_CHARACTERS_MAX } from "./values.ts";

const serverSchema = z
  .object({
    version: z.string(),
    ruleSet: z.enum(["classic", "current"]),
    lab: z.boolean(),
    clock: z.object({ mode: z.enum(["system", "manual", "offset"]), now: timestamp }),
    store: z.object({ kind: z.enum(["memory", "sqlite", "postgres"]) }),
    quotas: z.enum(["off", "aws"]),
    keptSince: timestamp.optional().describe("What was recorded before this has expired (--retention-days)."),
    retentionDays: z.int().optional().describe("Left out: for ever."),
    you: z
      .object({ principal: z.string(), role: z.enum(["operator", "reader"]) })
      .describe("Who asks, by the token that was sent."),
    wallNow: timestamp,
    startedAt: timestamp.describe("Wall clock."),
    node: z.string().describe("The version of Node.js."),
    ready: z.boolean().describe("As `/readyz` says it."),
    remarks: z.array(z.string()).describe("Why it is not ready, and what an operator should know of one that is."),
    queued: z.int().describe("Requests that wait for their commit."),
    connections: z.int(),
    activityReaders: z.int(),
    freeBytes: z.number().optional().describe("Room on the ledger's disk."),
    logBytes: z.number().optional().describe("How long the embedded store's log is."),
    rawRequests: z
      .object({ held: z.int(), bytes: z.int() })
      .optional()
      .describe("In a lab: requests whose bytes are held in memory."),
  })
  .meta({ id: "Server" });
/** The server, and how it was started. */
export type Server = Frozen<z.output<typeof serverSchema>>;

const foundSchema = z
  .object({
    kind: z.enum([
      "request",
      "metering-record",
      "product",
      "agreement",
      "account",
      "customer",
      "resource",
      "access-key",
    ]),
    id: z.string(),
    title: z.string().optional(),
    productCode: z.string().optional(),
    accountId: z.string().optional(),
  })
  .meta({ id: "Found" });
/** An object whose name holds the searched text. */
export type Found = Frozen<z.output<typeof foundSchema>>;

export const serverRoutes = {
  "GET /server": {
    tag: "server",
    command: "server info",
    summary: "The server: version, rule set, clock, store, and its present state",
    answer: { status: 200, description: "The server", json: serverSchema },
  },
  "GET /search": {
    tag: "server",
    showsTrail: true,
    command: "search",
    summary:
      "Search by the beginning of an id or a name: requests, records, products, customers, agreements, resources",
    description:
      "Names of the catalogue are found by their beginning, titles of products by any part; letters in either case. Ids of requests, metering records and resources are found whole. At most 50 items.",
    query: z.object({ q: z.string().min(1).max(SEARCH_CHARACTERS_MAX) }),
    answer: {
      status: 200,
      description: "What was found",
      json: z.object({ items: z.array(foundSchema), more: z.boolean() }),
    },
  },
} as const satisfies Routes;
