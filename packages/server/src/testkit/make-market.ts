/** Puts a market together from a service that listens. */
import { iso, ruleSets } from "@countinghouse/protocol";
import type { Service } from "../compose.ts";
import type { ServeConfig } from "../config.ts";
import { catalogueChanged } from "../operations/change-catalogue.ts";
import { keptRegistrationKeys } from "../operations/registration-keys.ts";
import { operatorClient, type OperatorClient } from "../operator/client/operator-client.ts";
import type { Advice } from "../operator/contract/ledger/advice.ts";
import { Fixtures, type CustomerNames, type MarketProduct } from "./fixtures.ts";
import type { LoadedSnapshot } from "./loaded-snapshot.ts";
import { letLookIn, type LookingIn } from "./looking-in.ts";
import { marketClock } from "./market-clock.ts";
import { marketFaults } from "./market-faults.ts";
import {
  UnexpectedCallsError,
  type Market,
  type MarketCustomer,
  type MarketOptions,
  type SdkConfig,
} from "./market.ts";
import { callOf } from "./own-call.ts";
import type { SeenCalls } from "./seen-calls.ts";
import type { Settling } from "./settling.ts";
import { callText, traceText } from "./trace.ts";

interface Parts {
  readonly service: Service;
  readonly config: ServeConfig;
  readonly calls: SeenCalls;
  readonly settling: Settling;
  readonly options: MarketOptions;
  readonly loaded: LoadedSnapshot | undefined;
}

const REGION = "us-east-1";
const UNEXPECTED_SHOWN = 10;

export function makeMarket({ service, config, calls, settling, options, loaded }: Parts): Market {
  const { ledger, clock, operator: context, operatorToken } = service;
  const startMs = clock.nowMs();
  const url = `http://${config.host}:${(service.server.address() as { readonly port: number }).port}`;
  const operator = settledClient(url, service, settling);
  const fixtures = fixturesOf({ service, startMs, settling, loaded });
  const looking: LookingIn = {
    calls,
    // Another one after each reset.
    get catalogue() {
      return ledger.catalogue;
    },
  };
  // The market's own seller is made when somebody asks for it: beside a catalogue there is nothing that nobody asked for.
  const credentials = (product?: MarketProduct): SdkConfig["credentials"] =>
    product?.credentials ?? fixtures.seller().credentials;
  const checkCalls = (): void => {
    if (options.unexpectedCalls !== "ignore") refuseUnexpected(looking);
  };
  const market: Market = {
    url,
    get env() {
      return environmentOf(url, credentials());
    },
    sdkConfig: (product) => ({ endpoint: url, region: REGION, credentials: credentials(product) }),
    credentials,
    accessKeys: loaded?.accessKeys ?? [],
    product: (asked = {}) => fixtures.product(asked),
    // One is made where none is told: only null leaves it out.
    customer: ((product, asked = {}) => customerOf(fixtures.customer(product, asked), operator)) as Market["customer"],
    clock: marketClock(operator, () => clock.nowMs(), ruleSets[config.rules]),
    faults: marketFaults(operator),
    operator,
    operatorToken,
    advice: () => adviceSince(operator, startMs),
    trace: (lines) => traceText(looking, lines),
    checkCalls,
    restore: async () => {
      await settling.done();
      if (loaded === undefined) await context.keeping.beforeReset();
      const start = clock.positionAt(startMs);
      if (start !== undefined) clock.standAt(start);
      if (loaded === undefined) {
        const call = callOf(service, "ResetLedger");
        await ledger.reset(call, (before) => [...fixtures.changes, ...keptRegistrationKeys(before)]);
      } else await loaded.load(fixtures.changes);
      context.faults.clear();
      await context.workload.resourcesChanged();
      try {
        checkCalls();
      } finally {
        calls.clear();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await settling.done().finally(() => service.close());
      checkCalls();
    },
  };
  letLookIn(market, looking);
  return market;
}

interface FixtureParts extends Pick<Parts, "service" | "settling" | "loaded"> {
  readonly startMs: number;
}

function fixturesOf({ service, startMs, settling, loaded }: FixtureParts): Fixtures {
  const { ledger, clock, operator: context } = service;
  return new Fixtures({
    sealer: context.sealer,
    initial: loaded?.catalogue ?? context.initialCatalogue(),
    startMs,
    nowMs: () => clock.nowMs(),
    put: (changes) => {
      const event = catalogueChanged(changes);
      const decide = () => ({ event, catalogue: changes, answer: undefined }) as const;
      settling.add(ledger.transact({ call: callOf(service, "ApplyCatalogue"), keys: [], decide }));
    },
  });
}

/** The operator API's client, without a connection: whatever a test has done to those, this goes on. */
function settledClient(url: string, service: Service, settling: Settling): OperatorClient {
  const ask = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    await settling.done();
    return service.askOperator(new Request(input, init));
  };
  return operatorClient({ endpoint: url, token: service.operatorToken, fetch: ask });
}

function environmentOf(url: string, { accessKeyId, secretAccessKey }: SdkConfig["credentials"]): Market["env"] {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: url,
    AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE: url,
    AWS_ENDPOINT_URL_CLOUDTRAIL: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    // One that is left from elsewhere would be sent along, and refused.
    AWS_SESSION_TOKEN: "",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

function customerOf(names: CustomerNames, operator: OperatorClient): MarketCustomer {
  const { agreementId } = names;
  const params = { id: agreementId };
  return {
    ...names,
    registrationToken: async () => {
      const { registrationToken } = await operator.call("POST /registration-tokens", { body: { agreementId } });
      return registrationToken;
    },
    cancel: async () => void (await operator.call("POST /agreements/{id}/cancel", { params })),
    suspend: async () => void (await operator.call("POST /agreements/{id}/suspend", { params })),
    resume: async () => void (await operator.call("POST /agreements/{id}/resume", { params })),
  };
}

/** Throws where not all of it can be looked at: advice about a part would be silent where it must not. */
async function adviceSince(operator: OperatorClient, startMs: number): Promise<readonly Advice[]> {
  const { items, completeFrom } = await operator.call("GET /advice", { query: { from: iso(startMs) } });
  if (completeFrom === undefined) return items;
  throw new Error(
    `The market has seen more calls than advice looks at: those before ${completeFrom} are not among them. Call restore() between tests, or ask operator.call("GET /advice").`,
  );
}

function refuseUnexpected(looking: LookingIn): void {
  const { unexpected } = looking.calls;
  if (unexpected.length === 0) return;
  const shown = unexpected.slice(0, UNEXPECTED_SHOWN).map((call) => `  ${callText(call, looking)}`);
  const more = unexpected.length > shown.length ? [`  … and ${unexpected.length - shown.length} more`] : [];
  throw new UnexpectedCallsError(
    [
      "The market refused calls that neither a fault on demand nor the test asked to be refused:",
      ...shown,
      ...more,
      "A refusal that is meant is asked for by toHaveRefused(rule or error name), before this.",
    ].join("\n"),
  );
}
