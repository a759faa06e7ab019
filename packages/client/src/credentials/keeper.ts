/** Holds credentials and renews them before they expire, once for all calls that wait. */
import type { Logger } from "../call/reports.ts";
import { credentialsError, isMeteringError, type MeteringError } from "../outcome.ts";
import type { World } from "../world.ts";
import { expiresAtMsOf, isAwsCredentials, type AwsCredentials } from "./credentials.ts";

/** How long before expiry renewal begins, as in the SDKs. */
const RENEW_BEFORE_MS = 300_000;
/** How long after a failed renewal the next try comes; valid credentials are used until then. */
const RENEW_AGAIN_MS = 10_000;

interface CredentialsKeeperOptions {
  readonly provider: () => AwsCredentials | Promise<AwsCredentials>;
  readonly world: Pick<World, "wallMs">;
  readonly logger: Logger;
}

export class CredentialsKeeper {
  readonly #options: CredentialsKeeperOptions;
  #current: AwsCredentials | undefined;
  #renewAtMs = 0;
  #renewal: Promise<AwsCredentials> | undefined;

  constructor(options: CredentialsKeeperOptions) {
    this.#options = options;
  }

  /** At once where it holds good credentials; rejects with a `MeteringError`, `CredentialsError`, where there are none. */
  get(): AwsCredentials | Promise<AwsCredentials> {
    if (this.#current !== undefined && this.#options.world.wallMs() < this.#renewAtMs) return this.#current;
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** The service says that these have expired: asks for new ones, unless that has happened meanwhile. */
  expire(credentials: AwsCredentials): void {
    if (this.#current === credentials) this.#current = undefined;
  }

  async #renew(): Promise<AwsCredentials> {
    const { provider, world, logger } = this.#options;
    const before = this.#current;
    try {
      const renewed: unknown = await provider();
      if (!isAwsCredentials(renewed)) throw credentialsError("The credentials provider gave no credentials.");
      const expiresAtMs = expiresAtMsOf(renewed);
      this.#current = renewed;
      // Short-lived credentials that are near their end when they come are used while they last.
      this.#renewAtMs = Math.max(expiresAtMs - RENEW_BEFORE_MS, world.wallMs() + 1_000);
      if (before !== undefined) logger.debug?.("Credentials were renewed.");
      return renewed;
    } catch (error) {
      const failure = failureOf(error);
      if (before === undefined || world.wallMs() >= expiresAtMsOf(before)) throw failure;
      logger.warn?.(`Credentials could not be renewed; those at hand are used: ${failure.message}`);
      this.#renewAtMs = world.wallMs() + RENEW_AGAIN_MS;
      return before;
    }
  }
}

/** An error that does not say whether it may pass is taken to be one that may. */
function failureOf(error: unknown): MeteringError {
  if (isMeteringError(error)) return error;
  return credentialsError(error instanceof Error ? error.message : String(error), error, "transient");
}
