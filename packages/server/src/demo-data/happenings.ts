/** What goes wrong, and what is done, in the month of the demonstration: each at its hour. */
import type { OperatorClient } from "../operator/client/index.ts";
import { GATEWAY, LOGS, acme, acmeReader } from "./market.ts";
import type { Caller, WireCaller } from "./wire-caller.ts";

const HOUR_MS = 3_600_000;

interface Scene {
  readonly api: OperatorClient;
  readonly wire: WireCaller;
  readonly endpoint: string;
  readonly nowMs: number;
}

type Happening = (scene: Scene) => Promise<unknown>;

interface Usage {
  readonly Timestamp: number;
  readonly CustomerIdentifier: string;
  readonly Dimension: string;
  readonly Quantity: number;
}

function usage({ nowMs }: Scene, changes: Partial<Usage> = {}): Usage {
  const Timestamp = Math.floor(nowMs / 1_000);
  return { Timestamp, CustomerIdentifier: "northwind", Dimension: "gb_ingested", Quantity: 5, ...changes };
}

const batch = (scene: Scene, by: Caller, ...UsageRecords: readonly Usage[]): Promise<unknown> =>
  scene.wire.call(by, "BatchMeterUsage", { ProductCode: LOGS, UsageRecords });

/** A buyer's browser brings a token, and the seller asks whose it is. */
async function register(scene: Scene, agreementId: string): Promise<void> {
  const { registrationToken } = await scene.api.call("POST /registration-tokens", { body: { agreementId } });
  await scene.wire.call(acme, "ResolveCustomer", { RegistrationToken: registrationToken });
}

/** A task starts in a buyer's account; its program registers the product that it is. */
function startTask(name: string): Happening {
  return async ({ api, wire, endpoint }) => {
    const { credentials } = await api.call("POST /resources", {
      body: {
        platform: "ecs",
        externalId: `arn:aws:ecs:us-east-1:320000000001:task/gateway/${name}`,
        accountId: "320000000001",
        region: "us-east-1",
        roleName: "gateway",
      },
    });
    const uri = credentials["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "";
    const token = credentials["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
    const answer = await fetch(
      new URL(uri, endpoint),
      token === undefined ? {} : { headers: { authorization: token } },
    );
    const keys = (await answer.json()) as Readonly<Record<"AccessKeyId" | "SecretAccessKey" | "Token", string>>;
    const task: Caller = {
      accessKeyId: keys.AccessKeyId,
      secretAccessKey: keys.SecretAccessKey,
      sessionToken: keys.Token,
      program: "borealis-gateway/2.0",
    };
    await wire.call(task, "RegisterUsage", { ProductCode: GATEWAY, PublicKeyVersion: 1 });
  };
}

/** By the hour of the month in which they happen. */
export const HAPPENINGS: readonly (readonly [hour: number, happening: Happening])[] = [
  [1, (scene) => register(scene, "agmt-northwind")],
  [2, (scene) => register(scene, "agmt-harbour")],
  [3, startTask("7f3a")],
  [4, startTask("91bc")],
  [9, ({ wire }) => wire.call(acme, "ResolveCustomer", { RegistrationToken: "pasted-without-its-end" })],
  // The same hour again, with another quantity: the first one stands.
  [30, (scene) => batch(scene, acme, usage(scene, { Quantity: 999 }))],
  [54, (scene) => batch(scene, acme, usage(scene, { CustomerIdentifier: "nortwind", Dimension: "queries" }))],
  [78, (scene) => batch(scene, acme, usage(scene, { Dimension: "gigabytes" }))],
  [102, (scene) => batch(scene, acmeReader, usage(scene))],
  [126, (scene) => batch(scene, { ...acme, secretAccessKey: "rotated-away" }, usage(scene))],
  [150, (scene) => batch(scene, acme, usage(scene, { Timestamp: Math.floor((scene.nowMs - 30 * HOUR_MS) / 1_000) }))],
  [168, ({ api }) => api.call("POST /agreements/{id}/suspend", { params: { id: "agmt-quiet" } })],
  [216, ({ api }) => api.call("POST /agreements/{id}/resume", { params: { id: "agmt-quiet" } })],
  [240, ({ api }) => api.call("POST /faults", { body: { operation: "BatchMeterUsage", kind: "throttle", count: 3 } })],
  [
    288,
    ({ api }) =>
      api.call("POST /products/{id}/dimensions/{dimension}/prices", {
        params: { id: LOGS, dimension: "gb_ingested" },
        body: { price: "0.27" },
      }),
  ],
  [312, startTask("c04d")],
  // Late, but within the window: it is accepted, and shows as such.
  [
    360,
    (scene) =>
      batch(
        scene,
        acme,
        usage(scene, { Dimension: "seats", Timestamp: Math.floor((scene.nowMs - 4 * HOUR_MS) / 1_000) }),
      ),
  ],
  [
    400,
    ({ api }) => api.call("POST /faults", { body: { operation: "BatchMeterUsage", kind: "drop-answer", count: 1 } }),
  ],
  [456, ({ wire }) => wire.call(acme, "GetEntitlements", { ProductCode: "2abcdefghijklmnopqrstuvwx" })],
  [520, ({ api }) => api.call("POST /agreements/{id}/cancel", { params: { id: "agmt-meridian" } })],
  [523, (scene) => batch(scene, acme, usage(scene, { CustomerIdentifier: "meridian" }))],
  [600, ({ api }) => stopTask(api, "91bc")],
];

async function stopTask(api: OperatorClient, name: string): Promise<void> {
  const { items } = await api.call("GET /resources", { query: { live: "true" } });
  const task = items.find(({ externalId }) => externalId.endsWith(name));
  if (task !== undefined) await api.call("POST /resources/{id}/stop", { params: { id: task.resourceId }, body: {} });
}
