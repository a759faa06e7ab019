/** Tasks that register themselves while their servers are killed: what was acknowledged stays, and begins once. */
import { RegisterUsageCommand, type MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { describe, expect, onTestFinished, test } from "vitest";
import { newDatabase, nodeArgs, testOfPostgres } from "../support/postgres/database.ts";
import { seededRandom } from "../support/random.ts";
import { sessionOf } from "../support/resource-session.ts";
import { resourcesOf } from "../support/resources.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, type RunningServer } from "../support/server.ts";
import { BUYER, PRODUCTS, ROLE, openMarket, taskArn } from "./market.ts";

const ROUNDS = 4;
const TASKS_A_ROUND = 8;

/** How servers of one ledger are started: its store, and how many there are. */
const STORES: readonly (readonly [string, number, typeof test, () => Promise<readonly string[]>])[] = [
  ["in SQLite", 1, test, () => Promise.resolve(["--store", `sqlite:${newFolder()}/data`])],
  [
    "in PostgreSQL, at two servers",
    2,
    testOfPostgres(),
    async () => {
      const database = await newDatabase();
      onTestFinished(() => database.remove());
      return nodeArgs(database.url, newFolder());
    },
  ],
];

describe.each(STORES)("a ledger %s", (_store, count, testHere, newArgs) => {
  testHere(
    "R1: keeps each acknowledged registration once, by kill -9 at any moment",
    { timeout: 120_000 },
    async () => {
      const random = seededRandom("registrations");
      const args = await newArgs();
      const startAll = (): Promise<RunningServer[]> => Promise.all(Array.from({ length: count }, () => start(args)));
      let servers = await startAll();
      await openMarket(servers[0] as RunningServer);
      const acknowledged = new Set<string>();
      for (let round = 0; round < ROUNDS; round += 1) {
        const tasks = Array.from({ length: TASKS_A_ROUND }, (_, i) => taskArn(round * TASKS_A_ROUND + i));
        const calls = await clientsOf(servers, tasks);
        const enough = Promise.withResolvers<void>();
        let left = random.whole(1, TASKS_A_ROUND - 1);
        const note = (arn: string): void => {
          acknowledged.add(arn);
          left -= 1;
          if (left === 0) enough.resolve();
        };
        const registered = Promise.all(calls.map(([arn, client]) => register(client).then(() => note(arn), ignore)));
        await enough.promise;
        await Promise.all(servers.map((server) => server.kill()));
        await registered;
        servers = await startAll();
        for (const server of servers) await expectKept(server, acknowledged);
      }
      // Whoever was not answered asks again.
      const all = Array.from({ length: ROUNDS * TASKS_A_ROUND }, (_, i) => taskArn(i));
      for (const [arn, client] of await clientsOf(servers, all)) {
        await register(client);
        acknowledged.add(arn);
      }
      for (const server of servers) await expectKept(server, acknowledged);
      expect(acknowledged.size).toBe(all.length);
      await Promise.all(servers.map((server) => server.stop()));
      expect((await runCommand(["store", "verify", "--json", ...storeOf(args)])).code).toBe(0);
    },
  );
});

function storeOf(args: readonly string[]): string[] {
  const at = args.indexOf("--store");
  return args.slice(at, at + 2);
}

/** For each task a client of each server, with credentials from there. */
async function clientsOf(
  servers: readonly RunningServer[],
  tasks: readonly string[],
): Promise<[string, MarketplaceMeteringClient][]> {
  const draft = { platform: "ecs", accountId: BUYER, roleName: ROLE } as const;
  const each = tasks.flatMap((externalId) =>
    servers.map(async (server): Promise<[string, MarketplaceMeteringClient]> => {
      const session = await sessionOf(server, { ...draft, externalId });
      return [externalId, session.client()];
    }),
  );
  return Promise.all(each);
}

async function register(client: MarketplaceMeteringClient): Promise<void> {
  try {
    await client.send(new RegisterUsageCommand({ ProductCode: PRODUCTS.hourly, PublicKeyVersion: 1 }));
  } finally {
    client.destroy();
  }
}

function ignore(): void {
  // Its server was killed.
}

async function expectKept(server: RunningServer, acknowledged: ReadonlySet<string>): Promise<void> {
  const registered = (await resourcesOf(server)).filter(({ registrations }) => registrations.length > 0);
  expect(registered.filter(({ registrations }) => registrations.length > 1)).toEqual([]);
  const kept = new Set(registered.map(({ externalId }) => externalId));
  expect([...acknowledged].filter((arn) => !kept.has(arn))).toEqual([]);
}
