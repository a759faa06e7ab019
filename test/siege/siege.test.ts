/**
 * What a stranger can do, and cannot: short rounds of the attacks of `npm run siege`, on a server with few places. Counts and
 * bounds are asserted; figures of memory and time are measured by hand (docs/OPERATING.md).
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS } from "../../bench/siege/attacks.ts";
import { lostOrTwice } from "../../bench/siege/bystander.ts";
import { heldConnections, slowHeaders } from "../../bench/siege/held-connections.ts";
import { manyPipelinedRequests } from "../../bench/siege/pipelined-requests.ts";
import { besiege } from "../../bench/siege/round.ts";
import { startServer, type RunningServer } from "../support/server.ts";

const NETWORK_CONNECTIONS_MAX = 32;
/** Those who ask meanwhile, and what asks for figures. */
const OTHERS_MAX = 8;
/** Of one network, for what is big; and for all that is small on that many connections. */
const NETWORK_BYTES_MAX = 64 * 1_048_576 + (NETWORK_CONNECTIONS_MAX + OTHERS_MAX) * 65_536;

let server: RunningServer;

beforeAll(async () => {
  const places = ["--network-connections-max", String(NETWORK_CONNECTIONS_MAX)];
  server = await startServer(["--store", "memory:", "--request-timeout-seconds", "20", ...places]);
});

afterAll(() => server.stop());

test.for(ATTACKS)("$name keep nobody from being answered", { timeout: 120_000 }, async (attack) => {
  const target = {
    endpoint: server.endpoint,
    pid: server.process.pid ?? 0,
    networkConnectionsMax: NETWORK_CONNECTIONS_MAX,
  };
  const round = await besiege(target, attack, { shares: 1, seconds: 3 });
  const { other, neighbour } = round;
  expect(other.answered, other.instead.join()).toBe(other.asked);
  expect(other.asked).toBeGreaterThan(0);
  expect(other.acknowledged).toHaveLength(other.asked);
  const acknowledged = [...other.acknowledged, ...neighbour.acknowledged];
  expect(await lostOrTwice(acknowledged, { url: server.operatorUrl, token: server.operatorToken })).toEqual([]);
  expect(neighbour.answered, neighbour.instead.join()).toBeGreaterThan(0);
  expect(round.connectionsMost).toBeLessThanOrEqual(NETWORK_CONNECTIONS_MAX + OTHERS_MAX);
  expect(round.heldBytesMost).toBeLessThanOrEqual(NETWORK_BYTES_MAX);
  expect(server.process.exitCode).toBeNull();
  if (attack === manyPipelinedRequests) expect([round.ended, round.abandoned]).toEqual([round.opened, round.opened]);
  if (attack === heldConnections || attack === slowHeaders) {
    expect(round.opened - round.ended).toBeLessThanOrEqual(NETWORK_CONNECTIONS_MAX);
    expect(round.displaced).toBeGreaterThanOrEqual(round.opened - NETWORK_CONNECTIONS_MAX);
    expect(round.refused).toBe(0);
  }
});
