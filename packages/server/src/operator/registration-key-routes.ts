/** `/registration-keys`: the keys that RegisterUsage answers are signed with. Only their public halves are ever shown. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { RegistrationKey } from "../domain/catalogue/registration-key.ts";
import { sealKeyPair } from "../identity/registration-keys.ts";
import { registrationKeys, rotateRegistrationKey } from "../operations/registration-keys.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { pageOf, pageQuery, pageSchema } from "./page.ts";
import { problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

const keySchema = z
  .object({
    version: z.int(),
    publicKey: z.string().openapi({ description: "SPKI in PEM, as sellers build it into their containers." }),
    createdAt: timestamp,
    expiredAt: timestamp.optional().openapi({ description: "When a newer version took its place." }),
  })
  .openapi("RegistrationKey");

export function registrationKeyRoutes(app: OpenAPIHono<OperatorEnv>, context: OperatorContext): void {
  const { ledger, sealer, newKeyPair } = context;

  app.openapi(
    createRoute({
      method: "get",
      path: "/registration-keys",
      tags: ["registration keys"],
      summary: "The keys that RegisterUsage answers are signed with, oldest first: their public halves",
      request: { query: pageQuery },
      responses: {
        200: { description: "The keys", content: { "application/json": { schema: pageSchema(keySchema) } } },
        ...problems(400),
      },
    }),
    (c) => c.json(pageOf(registrationKeys(ledger.catalogue).map(keyView), c.req.valid("query")), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/registration-keys",
      tags: ["registration keys"],
      summary:
        "Make a new key version; the one before has expired with that, and goes on signing for those who ask for it",
      responses: {
        201: { description: "The new key", content: { "application/json": { schema: keySchema } } },
        ...problems(),
      },
    }),
    async (c) => {
      const key = sealKeyPair(sealer, await newKeyPair());
      return c.json(keyView(await rotateRegistrationKey(ledger, c.var.call("RotateRegistrationKey"), key)), 201);
    },
  );
}

function keyView({ version, publicKey, createdAtMs, expiredAtMs }: RegistrationKey): z.infer<typeof keySchema> {
  return {
    version,
    publicKey,
    createdAt: new Date(createdAtMs).toISOString(),
    ...(expiredAtMs === undefined ? {} : { expiredAt: new Date(expiredAtMs).toISOString() }),
  };
}
