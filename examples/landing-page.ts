/**
 * The page of a seller to which AWS Marketplace sends a buyer who has just subscribed: it takes the registration token
 * from the form that the buyer's browser posts, and asks the service whose it is.
 *
 *   npm start                 (in one terminal)
 *   npm run landing-page      (in another; then open http://127.0.0.1:7420/buy/0abcdefghijklmnopqrstuvwx)
 *
 * It listens on http://127.0.0.1:3000/register, the fulfilment URL of the demo products; PORT chooses another port.
 * Nothing here is special to Countinghouse but the endpoint and the demo catalogue's key.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  MarketplaceMeteringClient,
  MarketplaceMeteringServiceException,
  ResolveCustomerCommand,
  type ResolveCustomerCommandOutput,
} from "@aws-sdk/client-marketplace-metering";

const FORM_BYTES_MAX = 16_384;

const client = new MarketplaceMeteringClient({
  endpoint: process.env["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] ?? "http://127.0.0.1:7420",
  region: "us-east-1",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
});

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    show(response, 500, "Something went wrong", "<p>Please try again later.</p>");
  });
});
server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`The seller's landing page listens on http://127.0.0.1:${port}/register`);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== "/register") return show(response, 404, "Not found", "");
  if (request.method !== "POST") {
    return show(response, 405, "Nothing to register", "<p>Buyers are sent here when they subscribe.</p>");
  }
  const body = await bodyOf(request);
  if (body === undefined) return show(response, 413, "Too large", "");
  // The form must be decoded exactly once. If it were decoded twice, the token would lose every `+`, and be invalid.
  const form = new URLSearchParams(body);
  const token = form.get("x-amzn-marketplace-token") ?? "";
  if (token === "") return show(response, 400, "No registration token", "<p>Please subscribe again.</p>");
  try {
    const customer = await client.send(new ResolveCustomerCommand({ RegistrationToken: token }));
    // A seller would now store the customer, and let the buyer sign up: this account pays for that login.
    console.log(`customer ${customer.CustomerAWSAccountId} of product ${customer.ProductCode}`);
    const freeTrial = form.get("x-amzn-marketplace-offer-type") === "free-trial";
    show(response, 200, "Welcome", customerTable(customer, freeTrial));
  } catch (error) {
    if (!(error instanceof MarketplaceMeteringServiceException)) throw error;
    console.error(`ResolveCustomer: ${error.name}`);
    const text =
      error.name === "ExpiredTokenException"
        ? "<p>Your registration has expired. Please start again from the product’s page.</p>"
        : "<p>Your registration cannot be confirmed. Please start again from the product’s page.</p>";
    show(response, 400, "Not registered", text);
  }
}

function customerTable(customer: ResolveCustomerCommandOutput, freeTrial: boolean): string {
  const rows = {
    "AWS account": customer.CustomerAWSAccountId,
    "Customer identifier": customer.CustomerIdentifier,
    "Product code": customer.ProductCode,
    Licence: customer.LicenseArn,
    "Free trial": freeTrial ? "yes" : "no",
  };
  const cells = Object.entries(rows).map(
    ([name, value]) => `<tr><th scope="row">${name}</th><td>${escaped(value ?? "(none)")}</td></tr>`,
  );
  return `<p>You are registered.</p><table>${cells.join("")}</table>`;
}

/** The body as text; undefined where it is too large (the rest is then read and dropped). */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= FORM_BYTES_MAX) chunks.push(chunk);
  }
  return bytes <= FORM_BYTES_MAX ? Buffer.concat(chunks).toString("utf8") : undefined;
}

const STYLE = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1.25rem; }
table { border-collapse: collapse; } td { overflow-wrap: anywhere; }
th, td { padding: .3rem 1.5rem .3rem 0; text-align: left; vertical-align: top; }`;

function show(response: ServerResponse, status: number, title: string, content: string): void {
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
  });
  response.end(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style><main><h1>${title}</h1>${content}</main></html>`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
