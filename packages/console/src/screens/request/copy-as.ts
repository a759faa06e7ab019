/** A request that was seen, as a command or a program that makes it again. Secrets are not known here: they are left to fill in. */
import type { RawRequest } from "countinghouse/operator";

const CLI_SERVICES: Readonly<Record<string, readonly [service: string, endpoint: string]>> = {
  AWSMPMeteringService: ["meteringmarketplace", "MARKETPLACE_METERING"],
  AWSMPEntitlementService: ["marketplace-entitlement", "MARKETPLACE_ENTITLEMENT_SERVICE"],
};

const SDK_CLIENTS: Readonly<Record<string, readonly [module: string, client: string]>> = {
  AWSMPMeteringService: ["@aws-sdk/client-marketplace-metering", "MarketplaceMeteringClient"],
  AWSMPEntitlementService: ["@aws-sdk/client-marketplace-entitlement-service", "MarketplaceEntitlementServiceClient"],
};

function targetOf({ request }: RawRequest): readonly [service: string, operation: string] | undefined {
  const target = request.headers.find(({ name }) => name.toLowerCase() === "x-amz-target")?.value;
  const [service, operation] = target?.split(".") ?? [];
  return service === undefined || operation === undefined ? undefined : [service, operation];
}

/** As it was signed: sent to another region, the same usage would count twice. */
function regionOf({ request }: RawRequest): string {
  const signed = request.headers.find(({ name }) => name.toLowerCase() === "authorization")?.value ?? "";
  return /Credential=[^/,]*\/\d{8}\/([\w-]+)\//.exec(signed)?.[1] ?? "us-east-1";
}

/** In single quotes, as every shell takes it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export function asAwsCli(raw: RawRequest): string | undefined {
  const [service = "", operation = ""] = targetOf(raw) ?? [];
  const known = CLI_SERVICES[service];
  if (known === undefined || raw.request.body === undefined || !raw.request.bodyIsWhole) return undefined;
  const command = operation.replaceAll(/(?<!^)[A-Z]/g, "-$&").toLowerCase();
  const settings = `AWS_ENDPOINT_URL_${known[1]}=${location.origin} AWS_REGION=${regionOf(raw)}`;
  return `${settings} \\\n  aws ${known[0]} ${command} --cli-input-json ${quoted(raw.request.body)}`;
}

export function asCurl(raw: RawRequest): string | undefined {
  const { request } = raw;
  if (!request.bodyIsWhole) return undefined;
  const kept = request.headers.filter(({ name }) => /^(content-type|x-amz-target|accept|smithy-protocol)$/i.test(name));
  const lines = [
    `curl ${quoted(`${location.origin}${request.path}${request.query === "" ? "" : `?${request.query}`}`)} -X ${quoted(request.method)}`,
    `--aws-sigv4 'aws:amz:${regionOf(raw)}:aws-marketplace' --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"`,
    ...kept.map(({ name, value }) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(request.body === undefined ? [] : [`--data-raw ${quoted(request.body)}`]),
  ];
  return lines.join(" \\\n  ");
}

export function asJavaScript(raw: RawRequest): string | undefined {
  const [service = "", operation = ""] = targetOf(raw) ?? [];
  const known = SDK_CLIENTS[service];
  if (known === undefined || raw.request.body === undefined || !raw.request.bodyIsWhole) return undefined;
  const [module, client] = known;
  return [
    `import { ${client}, ${operation}Command } from ${JSON.stringify(module)};`,
    "",
    `const client = new ${client}({ endpoint: ${JSON.stringify(location.origin)}, region: ${JSON.stringify(regionOf(raw))} });`,
    "// Times are seconds on the wire; the client takes Dates.",
    `const input = JSON.parse(${JSON.stringify(raw.request.body)}, (name, value) =>`,
    `  name === "Timestamp" ? new Date(value * 1000) : value);`,
    `console.log(await client.send(new ${operation}Command(input)));`,
  ].join("\n");
}
