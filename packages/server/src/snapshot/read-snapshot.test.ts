/** Snapshots that somebody made on purpose: their digests are right, and their contents contradict each other. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { CHAIN_START, linkOf } from "../ledger/chain.ts";
import { encodeEntry, type EncodedEntry } from "../ledger/entry-codec.ts";
import { requestId, resourceId } from "../ledger/ids.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { writeSnapshot } from "./write-snapshot.ts";

const AT_MS = Date.UTC(2026, 6, 20, 12);
const idOf = (number: number): string => requestId(AT_MS + number, "00000000-0000-4000-8000-000000000000");

function metered(number: number, hour = 0): EncodedEntry {
  const usageRecord = {
    timestampMs: AT_MS + hour * 3_600_000,
    dimension: "gb",
    customerIdentifier: "one",
    quantity: 1,
  };
  const call = {
    requestId: idOf(number),
    operation: "BatchMeterUsage",
    principal: "arn",
    sourceAddress: "",
    userAgent: "",
  };
  const event = { kind: "usage-metered", productCode: "p", records: [{ usageRecord, status: "Success" }] } as const;
  return encodeEntry({ atMs: AT_MS, call, event } satisfies LedgerEntry);
}

const HEAD = { format: "countinghouse-snapshot", version: 1, program: "0", savedAt: "2026-07-20T12:00:00Z", ruleSet: "classic", clock: "manual" }; // prettier-ignore

function fileOf(lines: readonly object[], entries: readonly EncodedEntry[], over: object = {}): Uint8Array {
  const all = [HEAD, ...lines, ...entries.map(({ requestId: id, atMs, body }) => ({ entry: [id, atMs, body] }))];
  const text = all.map((line) => `${JSON.stringify(line)}\n`).join("");
  const link = entries.reduce<Uint8Array>((before, entry, i) => linkOf(before, i + 1, entry), CHAIN_START);
  const counts = { objects: lines.length, resources: 0, entries: entries.length };
  const end = {
    end: {
      ...counts,
      link: Buffer.from(link).toString("hex"),
      sha256: createHash("sha256").update(text).digest("hex"),
      ...over,
    },
  };
  return gzipSync(`${text}${JSON.stringify(end)}\n`);
}

const RESOURCE = { resourceId: resourceId("ec2", "i-1"), platform: "ec2", externalId: "i-1", accountId: "1", region: "us-east-1", startedAtMs: 0, heardAtMs: 0, registrations: [] }; // prettier-ignore
const withBody = (change: (body: string) => string): EncodedEntry => ({ ...metered(1), body: change(metered(1).body) });
const resources = (...all: object[]): Uint8Array =>
  fileOf(
    all.map((resource) => ({ resource })),
    [],
    { objects: 0, resources: all.length },
  );

const account = {
  object: { kind: "account", id: "111122223333", value: { id: "111122223333", users: [], roles: [] } },
};

test("what was written is read", async () => {
  const snapshot = {
    program: "0.1.0",
    savedAtMs: AT_MS,
    ruleSet: "current",
    clock: "offset",
    catalogue: [account.object],
    resources: [],
    entries: [metered(1), metered(2, 1)],
  } as const;
  expect(await readSnapshot(await writeSnapshot(snapshot as never))).toEqual(snapshot);
  expect(await readSnapshot(fileOf([account], [metered(1)]))).toMatchObject({ entries: [metered(1)] });
});

test("a resource as labs have it is read", async () => {
  const resource = {
    ...RESOURCE,
    stoppedAtMs: 5,
    version: 2,
    registrations: [{ productCode: "p", registeredAtMs: 1, accruedToHour: 2, adjustments: 1, adjusting: { toHour: 1, by: { startedAtMs: 0 } } }], // prettier-ignore
    findings: { firstSeenAtMs: 0, numbered: { version: 2 }, watch: { watchId: "w", toldAtMs: 3 } },
  };
  expect((await readSnapshot(resources(resource))).resources).toEqual([resource]);
});

test("what is longer than it may be is not written", async () => {
  const long = { ...metered(1), body: "x".repeat(64 * 1_048_576) };
  const snapshot = { program: "0", savedAtMs: AT_MS, ruleSet: "current", clock: "manual", catalogue: [], resources: [] } as const; // prettier-ignore
  await expect(writeSnapshot({ ...snapshot, entries: [long] })).rejects.toThrow(/more than a snapshot may \(64 MiB/);
});

test.each<[string, Uint8Array, RegExp]>([
  ["usage that was accepted twice", fileOf([], [metered(1), metered(2)]), /Entry 2 .* accepted usage that an earlier/],
  ["an entry that is there twice", fileOf([], [metered(1), metered(1)]), /Entry 2 of the snapshot is there twice/],
  ["an entry of the future", fileOf([], [{ ...metered(1), atMs: AT_MS + 1 }]), /Entry 1 .* out of its time/],
  [
    "entries that run backwards",
    fileOf([], [metered(1), { ...metered(2, 1), atMs: AT_MS - 1 }]),
    /Entry 2 .* out of its time/,
  ],
  [
    "an entry that cannot be read",
    fileOf([], [{ ...metered(1), body: "{}" }]),
    /Entry 1 of the snapshot cannot be read/,
  ],
  [
    "an entry of nothing",
    fileOf([], [{ ...metered(1), body: '{"v":1,"call":{},"event":{}}' }]),
    /Entry 1 .* cannot be read/,
  ],
  [
    "an id that is none",
    fileOf([], [{ ...metered(1), requestId: idOf(1).replace(/ff$/, "00") }]),
    /Line 2 of the snapshot is no ledger entry/,
  ],
  ["another chain", fileOf([], [metered(1)], { link: "00" }), /their chain ends elsewhere/],
  ["fewer entries than it says", fileOf([], [metered(1)], { entries: 2 }), /says that it has 2 entries, and has 1/],
  [
    "a kind of object that there is not",
    fileOf([{ object: { kind: "__proto__", id: "1", value: {} } }], []),
    /Line 2 .* no object/,
  ],
  [
    "a secret",
    fileOf([{ object: { kind: "access-key", id: "1", value: { sealedSecret: "x" } } }], []),
    /Line 2 .* sealed secret/,
  ],
  [
    "an object under another id",
    fileOf([{ object: { kind: "account", id: "1", value: { id: "2", users: [], roles: [] } } }], []),
    /Line 2 .* under the id of another/,
  ],
  ["an object that is there twice", fileOf([account, account], []), /Line 3 .* what an earlier one says, too/],
  [
    "a key of nobody",
    fileOf([{ object: { kind: "access-key", id: "1", value: { accessKeyId: "1" } } }], []),
    /Line 2 .* access key of nobody/,
  ],
  ["a resource that is there twice", resources(RESOURCE, RESOURCE), /Line 3 .* what an earlier one says, too/],
  ["a registration of nothing", resources({ ...RESOURCE, registrations: [{}] }), /Line 2 .* no metered resource/],
  ["a resource of no platform", resources({ ...RESOURCE, platform: "fargate" }), /Line 2 .* no metered resource/],
  ["a resource that was never heard of", resources({ ...RESOURCE, heardAtMs: undefined }), /Line 2 .* no metered/],
  ["a resource that ends at a text", resources({ ...RESOURCE, stoppedAtMs: "2026" }), /Line 2 .* no metered resource/],
  [
    "a registration that was metered to a text",
    resources({ ...RESOURCE, registrations: [{ productCode: "p", registeredAtMs: 0, accruedToHour: "5" }] }),
    /Line 2 .* no metered resource/,
  ],
  [
    "findings at no time",
    resources({ ...RESOURCE, findings: { firstSeenAtMs: 0, watch: { watchId: "w", toldAtMs: null } } }),
    /Line 2 .* no metered resource/,
  ],
  ["a resource under another id", resources({ ...RESOURCE, externalId: "i-2" }), /Line 2 .* under the id of another/],
  [
    "an entry of a kind that there is not",
    fileOf([], [withBody((body) => body.replace("usage-metered", "usage-guessed"))]),
    /Entry 1 of the snapshot cannot be read/,
  ],
  [
    "usage of no number",
    fileOf([], [withBody((body) => body.replace("[[0,0,0,1]]", '[[0,0,0,"1"]]'))]),
    /Entry 1 of the snapshot cannot be read/,
  ],
  [
    "usage of no dimension",
    fileOf([], [withBody((body) => body.replace("[[0,0,0,1]]", "[[0,7,0,1]]"))]),
    /Entry 1 of the snapshot cannot be read/,
  ],
  [
    "usage at no time",
    fileOf([], [withBody((body) => body.replace("[[0,0,0,1]]", "[[null,0,0,1.5]]"))]),
    /Entry 1 of the snapshot cannot be read/,
  ],
  ["a line of something else", fileOf([{ more: 1 }], []), /Line 2 of the snapshot is neither/],
  ["an odd resource", fileOf([{ resource: {} }], []), /Line 2 of the snapshot is no metered resource/],
])("%s is refused", async (_what, bytes, message) => {
  await expect(readSnapshot(bytes)).rejects.toThrow(message);
});
