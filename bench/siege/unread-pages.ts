/** A caller with a key of its own and a trail of large events, who asks for pages of the trail and reads none. */
import { trailService } from "@countinghouse/protocol";
import { bytesOf, send, signed, wireRequest } from "../../test/support/raw-client.ts";
import { DEMO } from "../../test/support/server.ts";
import type { Attack } from "./attack.ts";
import { silentClients } from "./silent-clients.ts";

const EVENTS = 12;
/** The quantity differs from the sum of its allocations, so requests are refused and only the trail grows. */
const BUCKETS = 2_400;

export const unreadPages: Attack = {
  name: "pages of a trail that are not read",
  input: "80 signed `LookupEvents` in one write on each connection, each answered by a mebibyte or more; nothing is read",
  prepare: async ({ endpoint }) => {
    const UsageAllocations = Array.from({ length: BUCKETS }, (_, i) => ({
      AllocatedUsageQuantity: 1,
      Tags: [{ Key: "k", Value: "v".repeat(250) }, { Key: "n", Value: String(i) }],
    }));
    const record = { Timestamp: Date.now() / 1_000, CustomerIdentifier: DEMO.customers[0], Dimension: "seats", Quantity: 1 };
    const input = { ProductCode: DEMO.productCode, UsageRecords: [{ ...record, UsageAllocations }] };
    for (let i = 0; i < EVENTS; i += 1) await send(endpoint, signed(wireRequest(endpoint, "BatchMeterUsage", input)));
  },
  begin: ({ endpoint, networkConnectionsMax }, { shares }) => {
    const request = bytesOf(
      signed(wireRequest(endpoint, "LookupEvents", {}, trailService), { service: trailService.signingName }),
    );
    const all = Buffer.concat(Array.from({ length: 80 }, () => request));
    return silentClients(endpoint, Math.ceil((networkConnectionsMax / 4) * shares), all);
  },
}; // prettier-ignore
