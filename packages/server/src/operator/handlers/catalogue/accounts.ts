/** Accounts, and their users' access keys, which are made and removed here; a secret is shown once. */
import { accountChanges, accountView } from "../../../catalogue/documents.ts";
import { checkedAccountSchema } from "../../../catalogue/schema.ts";
import type { AccessKey } from "../../../domain/catalogue/account.ts";
import type { CatalogueChange, CatalogueView } from "../../../domain/catalogue/catalogue.ts";
import { newAccessKeyId, newSecretAccessKey, sealSecret } from "../../../identity/access-keys.ts";
import { changeAndAnswer, changeCatalogue } from "../../../operations/change-catalogue.ts";
import type { OperatorContext } from "../../context.ts";
import type { AccountDocument, accountRoutes } from "../../contract/catalogue/account.ts";
import { refusalProblem } from "../../problem.ts";
import type { Handlers } from "../../serve-routes.ts";
import { hasText, kindHandlers } from "./kind.ts";

export function accountHandlers({ ledger, sealer, random }: OperatorContext): Handlers<keyof typeof accountRoutes> {
  const { list, add, show, change } = kindHandlers(ledger, {
    noun: "account",
    schema: checkedAccountSchema,
    idOf: ({ id }) => id,
    list: (catalogue) => catalogue.list("account").map((account) => accountView(account, catalogue)),
    show: (catalogue, id) => {
      const account = catalogue.account(id);
      return account && accountView(account, catalogue);
    },
    changes: (document, catalogue) => [...accountChanges(document, sealer), ...keysWithoutUser(document, catalogue)],
  });
  return {
    "GET /accounts": ({ query }) =>
      list(query, ({ id, title, users }) => hasText(query.q, id, title, ...users.map(({ name }) => name))),
    "POST /accounts": add,
    "GET /accounts/{id}": show,
    "PATCH /accounts/{id}": change,
    "POST /accounts/{id}/access-keys": async ({ params: { id: accountId }, body: { userName: wanted }, call }) => {
      const accessKeyId = newAccessKeyId(random);
      const secretAccessKey = newSecretAccessKey(random);
      const sealedSecret = sealSecret(sealer, accessKeyId, secretAccessKey);
      const { answer, refusal } = await changeAndAnswer(ledger, call("CreateAccessKey"), (catalogue) => {
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
      return { accessKeyId, secretAccessKey, accountId, userName: answer.userName };
    },
    "DELETE /accounts/{id}/access-keys/{keyId}": async ({ params: { id, keyId }, call }) => {
      const refusal = await changeCatalogue(ledger, call("DeleteAccessKey"), (catalogue) =>
        catalogue.accessKey(keyId)?.accountId === id
          ? [{ kind: "access-key", id: keyId, value: undefined }]
          : { reason: "not-found", message: `Account ${id} has no access key ${keyId}.` },
      );
      if (refusal !== undefined) throw refusalProblem(refusal);
    },
  };
}

/** When a user is removed, the user's keys are removed, too: a new user of the same name must not get them. */
function keysWithoutUser({ id, users }: AccountDocument, catalogue: CatalogueView): CatalogueChange[] {
  return catalogue
    .list("access-key")
    .filter((key) => key.accountId === id && !users.some(({ name }) => name === key.userName))
    .map((key) => ({ kind: "access-key", id: key.accessKeyId, value: undefined }));
}
