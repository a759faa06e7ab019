/** Access keys of an account: made here, their secrets shown once; taken away here. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { AccessKey } from "../domain/catalogue/account.ts";
import { newAccessKeyId, newSecretAccessKey, sealSecret } from "../identity/access-keys.ts";
import { changeAndAnswer, changeCatalogue } from "../operations/change-catalogue.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { bodyProblems, problems, refusalProblem } from "./problem.ts";

const accessKeySchema = z
  .object({ accessKeyId: z.string(), secretAccessKey: z.string(), accountId: z.string(), userName: z.string() })
  .openapi("AccessKey");

export function accessKeyRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, sealer, random }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "post",
      path: "/accounts/{id}/access-keys",
      tags: ["catalogue"],
      summary: "Make an access key for a user; the secret is shown in this answer and never again",
      request: {
        params: z.object({ id: z.string() }),
        body: {
          required: false,
          content: {
            "application/json": {
              schema: z.strictObject({
                userName: z.string().optional().openapi({ description: "Left out: the account's first user." }),
              }),
            },
          },
        },
      },
      responses: {
        201: { description: "The key", content: { "application/json": { schema: accessKeySchema } } },
        ...bodyProblems(404),
      },
    }),
    async (c) => {
      const { id: accountId } = c.req.valid("param");
      const { userName: wanted } = c.req.valid("json");
      const accessKeyId = newAccessKeyId(random);
      const secretAccessKey = newSecretAccessKey(random);
      const sealedSecret = sealSecret(sealer, accessKeyId, secretAccessKey);
      const { answer, refusal } = await changeAndAnswer(ledger, c.var.call("CreateAccessKey"), (catalogue) => {
        const account = catalogue.account(accountId);
        if (account === undefined) return { reason: "not-found", message: `No account ${accountId}.` };
        const userName = wanted ?? account.users[0]?.name;
        if (userName === undefined || !account.users.some((user) => user.name === userName)) {
          return { reason: "invalid", message: `userName: account ${accountId} has no user ${userName ?? "at all"}` };
        }
        const value: AccessKey = { accessKeyId, accountId, userName, sealedSecret };
        return { changes: [{ kind: "access-key", id: accessKeyId, value }], answer: value };
      });
      if (refusal !== undefined) throw refusalProblem(refusal);
      return c.json({ accessKeyId, secretAccessKey, accountId, userName: answer.userName }, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/accounts/{id}/access-keys/{keyId}",
      tags: ["catalogue"],
      summary: "Take an access key away; requests signed with it are refused from then on",
      request: { params: z.object({ id: z.string(), keyId: z.string() }) },
      responses: { 204: { description: "It is gone" }, ...problems(404) },
    }),
    async (c) => {
      const { id, keyId } = c.req.valid("param");
      const refusal = await changeCatalogue(ledger, c.var.call("DeleteAccessKey"), (catalogue) =>
        catalogue.accessKey(keyId)?.accountId === id
          ? [{ kind: "access-key", id: keyId, value: undefined }]
          : { reason: "not-found", message: `Account ${id} has no access key ${keyId}.` },
      );
      if (refusal !== undefined) throw refusalProblem(refusal);
      return c.body(null, 204);
    },
  );
}
