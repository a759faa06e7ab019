/** The server itself, and everything whose name holds a text. */
import { iso } from "@countinghouse/protocol";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import { acceptedRecords } from "../../ledger/accepted-records.ts";
import { isRequestId, parseEventId, parseMeteringRecordId } from "../../ledger/ids.ts";
import type { OperatorContext } from "../context.ts";
import type { Found, Server, serverRoutes } from "../contract/server.ts";
import type { Handlers } from "../serve-routes.ts";

const FOUND_MAX = 50;

export function serverHandlers(context: OperatorContext): Handlers<keyof typeof serverRoutes> {
  const { ledger, clock, activity, rawRequests, server } = context;
  return {
    "GET /server": async ({ principal, role }): Promise<Server> => {
      const facts = server.now();
      const isOperator = role === "operator";
      return {
        version: server.version,
        ruleSet: server.ruleSet,
        lab: context.lab,
        clock: { mode: clock.mode, now: iso(clock.nowMs()) },
        store: { kind: server.storeKind },
        quotas: server.quotas,
        keptSince: iso(await ledger.keptSince()),
        retentionDays: server.retentionDays,
        you: { principal, role },
        wallNow: iso(context.wallMs()),
        startedAt: iso(server.startedAtMs),
        node: process.version,
        ready: facts.unready.length === 0,
        remarks: [...facts.unready, ...facts.remarks],
        queued: ledger.queued,
        connections: facts.connections,
        activityReaders: activity.readers,
        freeBytes: facts.freeBytes,
        logBytes: facts.logBytes,
        rawRequests: context.lab && isOperator ? { held: rawRequests.held, bytes: rawRequests.bytes } : undefined,
      };
    },
    "GET /search": async ({ query: { q } }) => {
      const text = q.trim();
      if (text === "") return { items: [], more: false };
      const found = [...(await byId(context, text)), ...named(ledger.catalogue, text.toLowerCase())];
      return { items: found.slice(0, FOUND_MAX), more: found.length > FOUND_MAX };
    },
  };
}

/** Finds objects by a whole id. */
async function byId({ ledger }: OperatorContext, text: string): Promise<Found[]> {
  const id = text.toLowerCase();
  const requestId = isRequestId(id) ? id : parseEventId(id);
  const made = parseMeteringRecordId(id);
  const found: Found[] = [];
  if (requestId !== undefined) {
    const entry = await ledger.entry(requestId);
    if (entry !== undefined)
      found.push({ kind: "request", id: requestId, title: entry.call.operation, accountId: entry.call.accountId });
  }
  const maker = made && (await ledger.entry(made.requestId));
  // The id of a record that was a duplicate, or of a place in which there was none, is no record's.
  if (maker !== undefined && acceptedRecords(maker).some(({ position }) => position === made?.position)) {
    found.push({ kind: "request", id: maker.call.requestId }, { kind: "metering-record", id });
  }
  const [resource] = await ledger.findResources([text]);
  if (resource !== undefined) {
    found.push({ kind: "resource", id: text, title: resource.externalId, accountId: resource.accountId });
  }
  return found;
}

/** Finds objects by name, up to one more than fit: the surplus one shows that there are more. */
function named(catalogue: CatalogueView, text: string): Found[] {
  const found = new Map<string, Found>();
  const add = (item: Found): void => {
    if (found.size <= FOUND_MAX) found.set(`${item.kind}\n${item.id}\n${item.accountId}`, item);
  };
  const begins = (...names: readonly (string | undefined)[]): boolean =>
    names.some((name) => name?.toLowerCase().startsWith(text) === true);
  for (const { productCode, title, seller } of catalogue.list("product")) {
    if (!begins(productCode) && !title.toLowerCase().includes(text)) continue;
    add({ kind: "product", id: productCode, title, productCode, accountId: seller });
  }
  for (const { agreementId, productCode, customerAccountId, customerIdentifier, licenseArn } of catalogue.list(
    "agreement",
  )) {
    if (begins(agreementId, licenseArn))
      add({ kind: "agreement", id: agreementId, productCode, accountId: customerAccountId });
    if (begins(customerAccountId, customerIdentifier)) {
      add({ kind: "customer", id: customerAccountId, title: customerIdentifier, accountId: customerAccountId });
    }
  }
  for (const { id, title } of catalogue.list("account")) {
    if (begins(id) || title?.toLowerCase().includes(text) === true) add({ kind: "account", id, title, accountId: id });
  }
  for (const { accessKeyId, userName, accountId } of catalogue.list("access-key")) {
    if (begins(accessKeyId)) add({ kind: "access-key", id: accessKeyId, title: userName, accountId });
  }
  return [...found.values()];
}
