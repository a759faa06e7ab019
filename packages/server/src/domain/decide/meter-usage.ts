/** MeterUsage, decided for callers that are not metered resources: that is every caller with a long-term key. */
import { rejection, type Rejection } from "../rejection.ts";

/** Rule X1. */
export function decideMeterUsage(productCode: string): Rejection {
  const message = "MeterUsage is called with the credentials of an EC2 instance, ECS task or EKS pod of the customer.";
  return rejection("CustomerNotEntitledException", "X1", message, { productCode });
}
