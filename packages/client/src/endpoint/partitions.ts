/** AWS's partitions, as far as endpoint rules need them. Source: the `partitions.json` that every AWS SDK ships (1.1). */
import { configurationError } from "../outcome.ts";

export interface Partition {
  readonly name: string;
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
  readonly supportsFips: boolean;
  readonly supportsDualStack: boolean;
}

interface PartitionRow extends Partition {
  /** Matches the partition's regions, also future ones. */
  readonly regionPattern: RegExp;
}

const row = (name: string, dnsSuffix: string, dualStackDnsSuffix: string, regionPattern: RegExp): PartitionRow => ({
  name,
  dnsSuffix,
  dualStackDnsSuffix,
  // Every partition has both today. The rules still check them, so this code does, too.
  supportsFips: true,
  supportsDualStack: true,
  regionPattern,
});

const aws = row("aws", "amazonaws.com", "api.aws", /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/);

const PARTITIONS: readonly PartitionRow[] = [
  aws,
  row("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", /^cn-\w+-\d+$/),
  row("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", /^eusc-(de)-\w+-\d+$/),
  row("aws-iso", "c2s.ic.gov", "api.aws.ic.gov", /^us-iso-\w+-\d+$/),
  row("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", /^us-isob-\w+-\d+$/),
  row("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", /^eu-isoe-\w+-\d+$/),
  row("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", /^us-isof-\w+-\d+$/),
  row("aws-us-gov", "amazonaws.com", "api.aws", /^us-gov-\w+-\d+$/),
];

/** The partition of a region. An unknown region counts as `aws`, as in the SDKs. */
export function partitionOf(region: string): Partition {
  // `aws-iso-global` and its like: every partition but the European one has such a region.
  const named = PARTITIONS.find(({ name }) => region === `${name}-global` && name !== "aws-eusc");
  return named ?? PARTITIONS.find(({ regionPattern }) => regionPattern.test(region)) ?? aws;
}

/** A region becomes part of a host name. A text that is no label of one could lead elsewhere, and is a `ConfigurationError`. */
export function checkRegion(region: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(region)) return;
  throw configurationError(`The region ${JSON.stringify(region)} cannot be part of a host name.`);
}
