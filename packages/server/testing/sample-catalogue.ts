/** A catalogue with an object of every kind, for the tests of the catalogue. */
import { createHash, randomBytes } from "node:crypto";
import { sealerOf, type Sealer } from "../src/identity/seal.ts";

export const SAMPLE = `\
accounts:
  - id: "111122223333"
    users:
      - name: metering
        accessKeyId: AKIACOUNTINGHOUSE001
        secretAccessKey: example-secret
        policy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: ["aws-marketplace:BatchMeterUsage"], Resource: "*" }] }
  - id: "444455556666"
    roles:
      - name: app-role
        policy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "aws-marketplace:RegisterUsage", Resource: "*" }] }
        webIdentity:
          - { issuer: https://oidc.example, audience: sts.amazonaws.com, subject: "system:serviceaccount:default:app" }
issuers:
  - { issuer: https://oidc.example, jwksFile: ./jwks.json }
products:
  - productCode: 0abcdefghijklmnopqrstuvwx
    title: Acme Logs
    seller: "111122223333"
    type: saas
    pricing: usage
    fulfilmentUrl: http://127.0.0.1:3000/register
    dimensions:
      - { name: gb_ingested, description: Gigabytes ingested, unit: GB, price: "0.25" }
agreements:
  - agreementId: agmt-demo1
    productCode: 0abcdefghijklmnopqrstuvwx
    customerAccountId: "444455556666"
    customerIdentifier: demoCustomer1
    licenseArn: arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001
    startsAt: 2020-01-01T00:00:00Z
    endsAt: 2030-01-01T00:00:00Z
    freeTrial: false
    entitlements: []
`;

/** The sample with some texts replaced. */
export function sampleWith(...edits: readonly (readonly [from: string, to: string])[]): string {
  let text = SAMPLE;
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2) throw new Error(`The sample must hold this exactly once: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}

export const sealer: Sealer = sealerOf(createHash("sha256").update("tests").digest(), randomBytes);
