/** Sources of credentials that fail: which failures pass, so that the next call may get some, and which are final. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MarketplaceMeteringClient } from "@countinghouse/client";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { quickWorld } from "../support/client.ts";
import { listen, type Listener, type Script } from "../support/listener.ts";
import { withoutSettings } from "../support/no-settings.ts";

let folder: string;

beforeEach(() => {
  folder = withoutSettings();
  return () => vi.unstubAllEnvs();
});

function webIdentity(): void {
  const token = join(folder, "token");
  writeFileSync(token, "a.web.token");
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", token);
  vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::1:role/app");
}

const failureOf = async (): Promise<object> => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  const { world } = quickWorld();
  const client = new MarketplaceMeteringClient({ endpoint: "http://127.0.0.1:9", world });
  onTestFinished(() => client.close());
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  return { name: outcome.error?.name, retry: outcome.error?.retry };
};
const refusing = (code: string, status = 400): Promise<Listener> =>
  listen(() => ({
    status,
    body: `<ErrorResponse><Error><Code>${code}</Code><Message>No</Message></Error></ErrorResponse>`,
  }));
const instance = async (script: Script): Promise<void> => {
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
  vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", (await listen(script)).url);
};
const sts = async (code: string, status?: number): Promise<void> => {
  webIdentity();
  vi.stubEnv("AWS_ENDPOINT_URL_STS", (await refusing(code, status)).url);
};
const container = async (script: Script): Promise<void> =>
  void vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (await listen(script)).url);

describe("a source that fails", () => {
  const failures: readonly (readonly [string, "transient" | "never", () => unknown])[] = [
    ["STS in trouble", "transient", () => sts("InternalFailure", 500)],
    ["STS that is asked too often", "transient", () => sts("Throttling")],
    ["STS that does not hear of the identity provider", "transient", () => sts("IDPCommunicationError")],
    ["STS that refuses the token", "never", () => sts("InvalidIdentityToken")],
    ["a container's source in trouble", "transient", () => container(() => ({ status: 500 }))],
    ["a container's source that is not there for now", "transient", () => vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9")],
    ["a container's source that refuses", "never", () => container(() => ({ status: 403 }))],
    ["an instance in trouble", "transient", () => instance(() => ({ status: 503 }))],
    ["an instance that is slow", "transient", () => instance(() => undefined)],
    ["an instance without a role", "never", () => instance(({ method }) => (method === "PUT" ? { body: "t" } : { status: 404 }))],
    ["no instance", "never", () => (vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined), vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"))],
    ["no source at all", "never", () => undefined],
  ]; // prettier-ignore
  test.each(failures)("%s: worth another try, %s", async (_what, retry, arrange) => {
    await arrange();
    expect(await failureOf()).toEqual({ name: "CredentialsError", retry });
  });
});
