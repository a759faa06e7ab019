/** Session credentials of the resources that ask for them where they run: ECS tasks and EC2 instances. Rules C8 and C9. */
import { isoSecond, type EpochMs } from "@countinghouse/protocol";
import { isLive, type MeteredResource, type Platform } from "../domain/resources/metered-resource.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { SessionCredentials, SessionGrant } from "../identity/session-credentials.ts";

/** As a task's credentials last at AWS. SDKs ask for new ones minutes before the end. */
const LIFETIME_MS = 6 * 3_600_000;

export interface ResourceCredentialsOptions {
  readonly ledger: Pick<Ledger, "catalogue" | "findResources">;
  readonly issueCredentials: (grant: SessionGrant) => SessionCredentials;
  /** The service clock, by which a resource is live. */
  readonly nowMs: () => EpochMs;
  /** By which credentials expire. */
  readonly wallMs: () => EpochMs;
}

/** Answers what containers and instances are given, in the members that their endpoints share. */
export class ResourceCredentials {
  readonly #options: ResourceCredentialsOptions;

  constructor(options: ResourceCredentialsOptions) {
    this.#options = options;
  }

  /** The resource, if it runs. */
  async live(resourceId: string, platform: Platform): Promise<MeteredResource | undefined> {
    const [resource] = await this.#options.ledger.findResources([resourceId]);
    return resource?.platform === platform && isLive(resource, this.#options.nowMs()) ? resource : undefined;
  }

  /** The role whose permissions its credentials have, where that is known and there. */
  roleOf({ accountId, roleName }: MeteredResource): string | undefined {
    const account = this.#options.ledger.catalogue.account(accountId);
    return account?.roles.find(({ name }) => name === roleName)?.name;
  }

  /** New credentials; undefined for a resource without a role. */
  issue(resource: MeteredResource): EndpointCredentials | undefined {
    const roleName = this.roleOf(resource);
    if (roleName === undefined) return undefined;
    const { accountId, resourceId, platform } = resource;
    const credentials = this.#options.issueCredentials({
      accountId,
      roleName,
      sessionName: sessionNameOf(resource),
      session: { resourceId, platform, createdAtMs: this.#options.nowMs() },
      expiresAtMs: this.#options.wallMs() + LIFETIME_MS,
    });
    return {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      Token: credentials.sessionToken,
      Expiration: isoSecond(credentials.expiresAtMs),
    };
  }

  /** The wall clock, as these endpoints write times. */
  now(): string {
    return isoSecond(this.#options.wallMs());
  }
}

interface EndpointCredentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
}
const SESSION_NAME_CHARACTERS_MAX = 64;

/** The instance's id; the task's id, which its ARN ends with. */
function sessionNameOf({ externalId }: MeteredResource): string {
  const id = externalId.slice(externalId.lastIndexOf("/") + 1).replace(/[^\w+=,.@-]/g, "-");
  return id.slice(0, SESSION_NAME_CHARACTERS_MAX).padEnd(2, "-");
}
