/** Tasks that register themselves: their product, how the server is told of them, and their requests. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { registerUsage } from "@countinghouse/protocol";
import { sealerOf } from "../../packages/server/src/identity/seal.ts";
import { issueCredentials } from "../../packages/server/src/identity/session-credentials.ts";
import { resourceId } from "../../packages/server/src/ledger/ids.ts";
import type { MeteringTarget } from "../servers/targets.ts";
import { signedRequest } from "./signed-request.ts";

export const BUYER = "300000000000";
export const HOURLY = "6hourlybench9zr7tcx4vjp82";
const SELLER = "111122223333";
const ROLE = "app";
const REGION = "us-east-1";
const HOURS_MS = 6 * 3_600_000;
const TOLD_AT_ONCE = 32;

/** A container that is paid by the hour, and a buyer with an agreement for it. */
export async function openContainerMarket({ call }: MeteringTarget): Promise<void> {
  const startsAt = "2020-01-01T00:00:00Z";
  await call("POST", "/accounts", { id: BUYER, roles: [{ name: ROLE }] });
  const dimensions = [{ name: "hours", kind: "hours" }];
  const product = { productCode: HOURLY, title: "Hourly", seller: SELLER, type: "container", pricing: "hourly" };
  await call("POST", "/products", { ...product, dimensions });
  const agreement = { agreementId: "agmt-hourly", productCode: HOURLY, customerAccountId: BUYER, startsAt };
  await call("POST", "/agreements", agreement);
}

function taskArn(n: number): string {
  return `arn:aws:ecs:${REGION}:${BUYER}:task/bench/${createHash("sha256").update(String(n)).digest("hex").slice(0, 32)}`;
}

export async function tellOfTasks({ call }: MeteringTarget, first: number, count: number): Promise<void> {
  for (let from = first; from < first + count; from += TOLD_AT_ONCE) {
    const some = Array.from({ length: Math.min(TOLD_AT_ONCE, first + count - from) }, (_, i) => taskArn(from + i));
    const told = { platform: "ecs", accountId: BUYER, region: REGION, roleName: ROLE };
    await Promise.all(some.map((externalId) => call("POST", "/resources", { ...told, externalId })));
  }
}

/** How many tasks have registered; each must have registered once. */
export async function registered({ call }: MeteringTarget): Promise<number> {
  let count = 0;
  let cursor = "";
  do {
    const page = (await call("GET", `/resources?productCode=${HOURLY}&limit=1000${cursor}`)) as {
      readonly items: readonly { readonly registrations: readonly object[] }[];
      readonly nextCursor?: string;
    };
    if (page.items.some(({ registrations }) => registrations.length !== 1)) throw new Error("A task registered twice.");
    count += page.items.length;
    cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  return count;
}

/** RegisterUsage requests of this many tasks, each with session credentials like those that the server gives. */
export function signedRegistrations(secretsKeyFile: string, first: number, count: number, nowMs: number): Buffer[] {
  const sealer = sealerOf(Buffer.from(readFileSync(secretsKeyFile, "utf8").trim(), "base64"), randomBytes);
  const body = JSON.stringify({ ProductCode: HOURLY, PublicKeyVersion: 1 });
  return Array.from({ length: count }, (_, i) => {
    const id = resourceId("ecs", taskArn(first + i));
    const signer = issueCredentials(sealer, randomBytes, {
      accountId: BUYER,
      roleName: ROLE,
      sessionName: `task-${first + i}`,
      session: { resourceId: id, platform: "ecs", createdAtMs: nowMs },
      expiresAtMs: nowMs + HOURS_MS,
    });
    return signedRequest(body, REGION, nowMs, { ...signer, target: registerUsage.target });
  });
}
