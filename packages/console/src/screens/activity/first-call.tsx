/** The newcomer's minute: nothing has been called yet, and this is the call to make. */
import type { ReactNode } from "react";
import { useAnswer } from "../../api/calls.ts";
import { Command, Empty } from "../../parts/parts.tsx";
import { useServiceNow } from "../../parts/time.tsx";
import { useServer } from "../../shell/server.ts";

export function FirstCall(): ReactNode {
  const products = useAnswer("GET /products", { query: { limit: 50 } });
  const agreements = useAnswer("GET /agreements", { query: { limit: 200 } });
  const accounts = useAnswer("GET /accounts", { query: { limit: 50 } });
  const { clockMode } = useServer();
  const nowMs = useServiceNow();
  const product = products.data?.items.find(({ type, pricing }) => type === "saas" && pricing === "usage");
  const dimension = product?.dimensions.find(({ kind }) => kind === "metered")?.name;
  const agreement = agreements.data?.items.find(
    ({ productCode, status }) => productCode === product?.productCode && status === "active",
  );
  const seller = accounts.data?.items.find(({ id }) => id === product?.seller);
  const key = seller?.users.flatMap(({ accessKeyIds }) => accessKeyIds)[0];
  if (product === undefined || dimension === undefined || agreement === undefined) {
    return (
      <Empty title="Nothing has been called yet">
        Whatever is called from now on is shown here. To meter usage, a product and an agreement have to be there first.
      </Empty>
    );
  }
  // A clock that was set elsewhere is not the shell's.
  const moment = clockMode === "system" ? "$(date +%s)" : String(Math.floor(nowMs / 1_000));
  const isDemo = key === "AKIACOUNTINGHOUSE001";
  const customer =
    agreement.customerIdentifier === undefined
      ? `CustomerAWSAccountId=${agreement.customerAccountId}${agreement.licenseArn === undefined ? "" : `,LicenseArn=${agreement.licenseArn}`}`
      : `CustomerIdentifier=${agreement.customerIdentifier}`;
  const secret = isDemo ? "example-secret" : "…";
  const settings = [
    `export AWS_ENDPOINT_URL_MARKETPLACE_METERING=${location.origin}`,
    "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
    `export AWS_ACCESS_KEY_ID=${key ?? "…"} AWS_SECRET_ACCESS_KEY=${secret}`,
  ].join("\n");
  const call = [
    `aws meteringmarketplace batch-meter-usage --product-code ${product.productCode} \\`,
    `  --usage-records "Timestamp=${moment},${customer},Dimension=${dimension},Quantity=3"`,
  ].join("\n");
  return (
    <section className="first">
      <h2>Make the first call</h2>
      <p className="quiet">It appears here at once. Any AWS SDK works the same; so does your own program.</p>
      <ol>
        <li>
          Point the AWS CLI at this server:
          <Command text={settings} label="Settings" />
        </li>
        <li>
          Meter something:
          <Command text={call} label="The first call" />
        </li>
      </ol>
      {isDemo ? (
        <p className="quiet">
          Without the AWS CLI, in the folder of the checkout: <code>npm run first-request</code>
        </p>
      ) : null}
    </section>
  );
}
