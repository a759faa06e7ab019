/** Session credentials for resources that ask where they run: ECS tasks and EC2 instances. Rules C8 and C9. */
import { isoSecond, type EpochMs } from "@countinghouse/protocol";
import { isLive, type MeteredResource, type Platform } from "../domain/resources/metered-resource.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { SessionCredentials, SessionGrant } from "../identity/session-credentials.ts";

/** As long as a task's credentials last at AWS. SDKs ask for new ones some minutes before the end. */
const LIFETIME_MS = 6 * 3_600_000;

export interface ResourceCredentialsOptions {
  readonly ledger: Pick<Ledger, "catalogue" | "findResources">;
  readonly issueCredentials: (grant: SessionGrant) => SessionCredentials;
  /** The service clock: whether a resource runs is decided by it. */
  readonly nowMs: () => EpochMs;
  /** The wall clock: credentials expire by it. */
  readonly wallMs: () => EpochMs;
}

/** Makes the credentials in the members that the endpoints of containers and instances share. */
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

  /** The role whose permissions the credentials get; undefined where it is not known or does not exist. */
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

  /** The wall clock's time, as these endpoints write times. */
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

/** The instance's id, or the task's id, which is the end of its ARN. */
function sessionNameOf({ externalId }: MeteredResource): string {
  const id = externalId.slice(externalId.lastIndexOf("/") + 1).replace(/[^\w+=,.@-]/g, "-");
  return id.slice(0, SESSION_NAME_CHARACTERS_MAX).padEnd(2, "-");
}
