/** RegisterUsage, decided for callers that are not tasks or pods: that is every caller with a long-term key. */
import { rejection, type Rejection } from "../rejection.ts";

/** Rule X2. */
export function decideRegisterUsage(productCode: string): Rejection {
  const message = "RegisterUsage is called from an ECS task or EKS pod; the caller is neither.";
  return rejection("PlatformNotSupportedException", "X2", message, { productCode });
}
