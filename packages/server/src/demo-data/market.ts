/** Who is in the demonstration beside the demo catalogue: customers of Acme, a second seller, and what it sells by the hour. */
import type { OperatorClient } from "../operator/client/index.ts";
import type { Caller } from "./wire-caller.ts";

export const LOGS = "0abcdefghijklmnopqrstuvwx";
export const GATEWAY = "demo-gateway";

/** A customer as its seller meters it, and how much it uses. */
export interface DemoCustomer {
  readonly accountId: string;
  readonly title: string;
  readonly identifier: string;
  /** Gigabytes in a busy hour. */
  readonly size: number;
  /** Whether it works on days of the week only. */
  readonly isOffice: boolean;
}

const CUSTOMERS: readonly DemoCustomer[] = [
  { accountId: "444455556666", title: "First buyer", identifier: "demoCustomer1", size: 42, isOffice: true },
  { accountId: "777788889999", title: "Second buyer", identifier: "demoCustomer2", size: 18, isOffice: false },
];

const NEW_CUSTOMERS: readonly DemoCustomer[] = [
  { accountId: "310000000001", title: "Northwind Freight", identifier: "northwind", size: 96, isOffice: true },
  { accountId: "310000000002", title: "Harbour Bank", identifier: "harbour", size: 140, isOffice: true },
  { accountId: "310000000003", title: "Meridian Games", identifier: "meridian", size: 64, isOffice: false },
  { accountId: "310000000004", title: "Quiet Library", identifier: "quiet", size: 9, isOffice: true },
];

export const customers: readonly DemoCustomer[] = [...CUSTOMERS, ...NEW_CUSTOMERS];

/** The demo catalogue's own keys. */
export const acme: Caller = {
  accessKeyId: "AKIACOUNTINGHOUSE001",
  secretAccessKey: "example-secret",
  program: "acme-logs/4.2 (usage-exporter)",
};
export const acmeReader: Caller = {
  accessKeyId: "AKIACOUNTINGHOUSE002",
  secretAccessKey: "example-secret-2",
  program: "acme-portal/1.9",
};

/** Adds them by the operator API, as an operator would. Everybody has been a customer for as long as the month. */
export async function addMarket(api: OperatorClient, startsAt: string): Promise<void> {
  for (const { accountId, title, identifier } of NEW_CUSTOMERS) {
    await api.call("POST /accounts", { body: { id: accountId, title } });
    const agreement = { agreementId: `agmt-${identifier}`, productCode: LOGS, customerAccountId: accountId };
    await api.call("POST /agreements", {
      body: { ...agreement, customerIdentifier: identifier, startsAt },
    });
  }
  const policy = { Statement: { Effect: "Allow", Action: "aws-marketplace:RegisterUsage", Resource: "*" } } as const;
  await api.call("POST /accounts", {
    body: { id: "320000000001", title: "Tidewater (runs containers)", roles: [{ name: "gateway", policy }] },
  });
  await api.call("POST /accounts", { body: { id: "330000000001", title: "Borealis (a second seller)" } });
  await api.call("POST /products", {
    body: {
      productCode: GATEWAY,
      title: "Borealis Gateway",
      seller: "330000000001",
      type: "container",
      pricing: "hourly",
      dimensions: [{ name: "running_time", description: "Running time", unit: "Hours", price: "0.36", kind: "hours" }],
    },
  });
  await api.call("POST /agreements", {
    body: { agreementId: "agmt-gateway", productCode: GATEWAY, customerAccountId: "320000000001", startsAt },
  });
}
