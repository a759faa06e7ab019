/** What `serve` prints: its address, and one command to try, as it is called where this runs. */
import { ruleSets, iso } from "@countinghouse/protocol";
import type { Service } from "../compose.ts";
import type { ServeConfig } from "../config.ts";
import { VERSION } from "../version.ts";

export function banner(
  config: ServeConfig,
  ready: { endpoint: string; operatorUrl: string },
  service: Service,
): string {
  const rules = ruleSets[config.rules];
  const hours = rules.batchMeterUsageWindow.ageSecondsLimit / 3_600;
  const token = config.operatorToken === undefined ? service.operatorToken : "(as given)";
  const lines = [
    `Countinghouse ${VERSION} is listening on ${ready.endpoint}`,
    "",
    `  ledger          ${storeText(config.store)}`,
    `  rules           ${config.rules}: usage is accepted for ${hours} hours`,
    `  clock           ${config.clock.mode}, ${iso(service.clock.nowMs())}`,
    `  operator API    ${ready.operatorUrl}`,
    `  operator token  ${token}`,
    ...quotaLines(config),
    "",
  ];
  if (config.catalogFile === undefined) lines.push(...demoLines(ready.endpoint, config));
  return `${lines.join("\n")}\n`;
}

/** In a checkout these sources run as they are, and its scripts are there. */
const IN_CHECKOUT = import.meta.filename.endsWith(".ts");

/** How the next command is called: as this one was. */
function commandName(): string {
  if (IN_CHECKOUT) return "npm run --silent countinghouse --";
  return process.env["npm_command"] === "exec" ? "npx countinghouse" : "countinghouse";
}

/** Without the address, which may hold a password. */
function storeText(store: ServeConfig["store"]): string {
  if (store.kind === "postgres") return "PostgreSQL";
  return store.kind === "memory" ? "memory (nothing is kept)" : store.folder;
}

function quotaLines({ quotas }: ServeConfig): string[] {
  const texts = Object.entries(quotas).map(([operation, quota]) => `${quota.requestsPerSecond} ${operation}`);
  return texts.length === 0 ? [] : [`  quotas          ${texts.join(", ")} a second, per account and region`];
}

function demoLines(endpoint: string, { lab, store }: ServeConfig): string[] {
  return [
    "Point any AWS SDK or the AWS CLI at it:",
    "",
    `  export AWS_ENDPOINT_URL_MARKETPLACE_METERING=${endpoint}`,
    `  export AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE=${endpoint}`,
    `  export AWS_ENDPOINT_URL_CLOUDTRAIL=${endpoint}`,
    "  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
    "  export AWS_ACCESS_KEY_ID=AKIACOUNTINGHOUSE001 AWS_SECRET_ACCESS_KEY=example-secret",
    "",
    "and meter something:",
    "",
    "  aws meteringmarketplace batch-meter-usage --product-code 0abcdefghijklmnopqrstuvwx \\",
    '    --usage-records "Timestamp=$(date +%s),CustomerIdentifier=demoCustomer1,Dimension=gb_ingested,Quantity=3"',
    "",
    ...(IN_CHECKOUT
      ? ["or, without the AWS CLI, from this folder: npm run first-request"]
      : ["or, without the AWS CLI, by a program: the README of the package has one to copy."]),
    "",
    ...recordsLines(store),
    ...(lab ? buyerLines(endpoint) : []),
  ];
}

/** Of a server that the command line finds by its data folder. */
function recordsLines(store: ServeConfig["store"]): string[] {
  if (store.kind !== "sqlite") return [];
  const data = store.folder === "./countinghouse-data" ? "" : ` --data ${store.folder}`;
  return ["See what was metered, in another terminal:", "", `  ${commandName()} records list${data}`, ""];
}

function buyerLines(endpoint: string): string[] {
  return [
    IN_CHECKOUT
      ? "Subscribe as a buyer would (npm run landing-page is the seller who receives the token):"
      : "Subscribe as a buyer would; the token goes to the product's landing page, yours, at its fulfilmentUrl:",
    "",
    `  ${endpoint}/buy/0abcdefghijklmnopqrstuvwx`,
    "",
  ];
}
