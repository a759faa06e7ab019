/** What MeterUsage and RegisterUsage both check: which resource is calling, and whether the product suits the operation. */
import { operationsOf, iso, type OperationName } from "@countinghouse/protocol";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import type { MeteredResource, ResourceSession } from "../resources/metered-resource.ts";
import { kindText, type Product } from "../catalogue/product.ts";
import { rejection, type Rejection } from "../rejection.ts";

/** A call, by what its credentials stand for. */
export interface ResourceCaller {
  readonly callerAccountId: string;
  /** The region of the endpoint. */
  readonly region: string;
  /** Absent where the credentials are long-term ones. */
  readonly session?: ResourceSession | undefined;
}

/** The resource that is calling; undefined for any other caller. */
export function callingResource(
  { callerAccountId }: ResourceCaller,
  known: MeteredResource | undefined,
): MeteredResource | undefined {
  return known?.accountId === callerAccountId ? known : undefined;
}

/** The id of the resource that the decision of a call must know: its session's resource, if it has one. */
export function resourcesOf({ session }: Pick<ResourceCaller, "session">): readonly string[] {
  return session === undefined ? [] : [session.resourceId];
}

/** What is known of the caller, for the explanation of a refusal. */
export function callerFigures({ session }: ResourceCaller, resource: MeteredResource | undefined): Figures {
  return {
    ...(session === undefined ? {} : { resourceId: session.resourceId, platform: session.platform }),
    ...(resource?.stoppedAtMs === undefined ? {} : { stoppedAt: iso(resource.stoppedAtMs) }),
  };
}

/** The caller in words. */
export function callerText({ session, callerAccountId }: ResourceCaller): string {
  const what = session === undefined ? "the caller" : `the caller, ${PLATFORM_NAMES[session.platform]},`;
  return `${what} of account ${callerAccountId}`;
}

const PLATFORM_NAMES: Readonly<Record<ResourceSession["platform"], string>> = {
  ec2: "an EC2 instance",
  ecs: "an ECS task",
  eks: "an EKS pod",
};

type Figures = Readonly<Record<string, string>>;

/** The product, if it exists (Rule M2 or Y2) and the operation serves it (Rule P2). */
export function findProduct(
  productCode: string,
  operation: Extract<OperationName, "MeterUsage" | "RegisterUsage">,
  catalogue: CatalogueView,
): Product | Rejection {
  const product = catalogue.product(productCode);
  if (product === undefined) {
    const rule = operation === "MeterUsage" ? "M2" : "Y2";
    const message = `ProductCode '${productCode}' is invalid: there is no such product.`;
    return rejection("InvalidProductCodeException", rule, message, { productCode });
  }
  const { type, pricing } = product;
  if (operationsOf(type, pricing).includes(operation)) return product;
  const message = `ProductCode '${productCode}' is invalid: ${operation} is not for ${kindText(type)} with the pricing ${pricing}.`;
  return rejection("InvalidProductCodeException", "P2", message, { productCode, type, pricing });
}
