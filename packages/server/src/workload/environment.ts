/** The environment variables by which an unmodified program with an AWS SDK finds its credentials and this server. */
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { Sealer } from "../identity/seal.ts";
import { CONTAINER_CREDENTIALS_PATH, containerToken } from "./container-credentials.ts";

export type Environment = Readonly<Record<string, string>>;

/** Where EKS has Kubernetes put the token. */
const TOKEN_FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/**
 * For every resource: its region by two names, since SDKs differ. `origin` is this server's address, as the resource reaches
 * it.
 */
export function commonEnvironment(origin: string, { region }: MeteredResource): Environment {
  return { AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_ENDPOINT_URL_MARKETPLACE_METERING: origin };
}

export function containerEnvironment(origin: string, { resourceId }: MeteredResource, sealer: Sealer): Environment {
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}${CONTAINER_CREDENTIALS_PATH}${resourceId}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: containerToken(sealer, resourceId),
  };
}

/** Empty where the instance has no metadata service. */
export function instanceEnvironment(endpoint: string | undefined): Environment {
  return endpoint === undefined ? {} : { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint };
}

export function podEnvironment(origin: string, { accountId, roleName }: MeteredResource): Environment {
  return {
    ...(roleName === undefined ? {} : { AWS_ROLE_ARN: `arn:aws:iam::${accountId}:role/${roleName}` }),
    AWS_WEB_IDENTITY_TOKEN_FILE: TOKEN_FILE,
    AWS_ENDPOINT_URL_STS: origin,
    AWS_STS_REGIONAL_ENDPOINTS: "regional",
  };
}
