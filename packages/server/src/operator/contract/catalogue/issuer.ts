/** `/issuers`: the trusted issuers of web identity tokens. They come from the catalogue file and are only shown here. */
import { z } from "zod";
import { pageSchema, pageQuery } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";

/** IAM's own bound. */
const ISSUER_CHARACTERS_MAX = 255;

export const issuerSchema = z
  .strictObject({
    issuer: z.url().max(ISSUER_CHARACTERS_MAX).describe("As tokens name it."),
    jwksFile: z.string().min(1).optional().describe("A JSON Web Key Set; its path is relative to this file."),
    jwksUrl: z
      .url({ protocol: /^https?$/ })
      .regex(
        /^(https:\/\/|http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])[:/]).*$/,
        "must be https, but for addresses of this machine",
      )
      .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), "must not hold a name or a password")
      .optional(),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe("Certificates in PEM that are trusted for the URL's server, besides the system's."),
    region: z
      .string()
      .regex(/^[a-z]{2,4}(-[a-z]+)+-\d+$/, "must be a region")
      .optional()
      .describe("Where its cluster runs, unless its name says so."),
  })
  .refine(({ jwksFile, jwksUrl }) => (jwksFile === undefined) !== (jwksUrl === undefined), {
    message: "must have exactly one of jwksFile and jwksUrl",
  })
  .refine(({ caFile, jwksUrl }) => caFile === undefined || jwksUrl !== undefined, {
    path: ["caFile"],
    message: "goes with jwksUrl only",
  })
  .describe("Who issues web identity tokens. For any other issuer nothing is read or fetched.");

/** An issuer of web identity tokens, as a catalogue file gives it and as it is shown. */
export type Issuer = Frozen<z.output<typeof issuerSchema>>;

export const issuerRoutes = {
  "GET /issuers": {
    tag: "catalogue",
    command: "issuer list",
    summary: "List issuers of web identity tokens",
    query: pageQuery,
    answer: { status: 200, description: "A page of issuers", json: pageSchema(issuerSchema) },
    problems: [400],
  },
} as const satisfies Routes;
