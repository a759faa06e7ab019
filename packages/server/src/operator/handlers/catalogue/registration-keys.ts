/** The public halves of the keys that sign RegisterUsage answers. */
import { iso } from "@countinghouse/protocol";
import type { RegistrationKey as HeldKey } from "../../../domain/catalogue/registration-key.ts";
import { sealKeyPair } from "../../../identity/registration-keys.ts";
import { registrationKeys, rotateRegistrationKey } from "../../../operations/registration-keys.ts";
import type { OperatorContext } from "../../context.ts";
import type { RegistrationKey, registrationKeyRoutes } from "../../contract/catalogue/registration-key.ts";
import { pageOf } from "../../page.ts";
import type { Handlers } from "../../serve-routes.ts";

export function registrationKeyHandlers(context: OperatorContext): Handlers<keyof typeof registrationKeyRoutes> {
  const { ledger, sealer, newKeyPair } = context;
  return {
    "GET /registration-keys": ({ query }) =>
      pageOf(registrationKeys(ledger.catalogue).map(keyView), query, { idOf: ({ version }) => String(version) }),
    "POST /registration-keys": async ({ call }) => {
      const key = sealKeyPair(sealer, await newKeyPair());
      return keyView(await rotateRegistrationKey(ledger, call("RotateRegistrationKey"), key));
    },
  };
}

function keyView({ version, publicKey, createdAtMs, expiredAtMs }: HeldKey): RegistrationKey {
  return { version, publicKey, createdAt: iso(createdAtMs), expiredAt: iso(expiredAtMs) };
}
