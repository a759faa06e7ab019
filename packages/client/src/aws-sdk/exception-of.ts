/** The service's error as an exception of the official client's. */
import type { MeteringError } from "../outcome.ts";
import * as exceptions from "./exceptions.ts";

const { MarketplaceMeteringServiceException, ...classes } = exceptions;

/** Of the class of its name, where that is known; else of the base class, with its own name. */
export function exceptionOf(
  error: MeteringError,
  $metadata: exceptions.ResponseMetadata,
): exceptions.MarketplaceMeteringServiceException {
  const { name, message, fault } = error;
  const options = { message, $metadata, cause: error };
  if (isKnown(name)) return new classes[name](options);
  return new MarketplaceMeteringServiceException({
    ...options,
    name,
    $fault: fault === "server" ? "server" : "client",
  });
}

function isKnown(name: string): name is keyof typeof classes {
  return Object.hasOwn(classes, name);
}
