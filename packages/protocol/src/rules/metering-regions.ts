/** Where metered resources may meter themselves. Rule M1. */

/** No operation that resources call is served in the isolated regions, nor in China. */
const CLOSED = /^(us-iso|eu-iso|cn-)/;
const GOVCLOUD = /^us-gov-/;
/** The regions that the service model names. */
const EKS: ReadonlySet<string> = new Set([
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "eu-west-1",
  "eu-central-1",
  "eu-west-2",
  "eu-west-3",
  "eu-north-1",
  "ap-east-1",
  "ap-southeast-1",
  "ap-northeast-1",
  "ap-southeast-2",
  "ap-northeast-2",
  "ap-south-1",
  "ca-central-1",
  "sa-east-1",
]);

/** Whether resources of the platform can meter themselves in a region. */
export const metersItself: Readonly<Record<"ec2" | "ecs" | "eks", (region: string) => boolean>> = {
  ec2: (region) => !CLOSED.test(region),
  ecs: (region) => !CLOSED.test(region) && !GOVCLOUD.test(region),
  eks: (region) => EKS.has(region),
};
