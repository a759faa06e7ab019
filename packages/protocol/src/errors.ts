/**
 * The error catalogue: every error name on the wire, with its HTTP status, who caused it, and whether the same request may
 * succeed later. Server and clients read this one table.
 *
 * Sources: the service models (names), the official SDKs' own models (IdempotencyConflictException is 409), and recordings of
 * other AWS JSON 1.1 services for the errors that are not in the model.
 */

/** `never`: the same request fails again. `throttled`: may succeed after a pause. `transient`: may succeed at once. */
export type Retry = "never" | "throttled" | "transient";

export interface ErrorRow {
  readonly status: number;
  readonly fault: "client" | "server";
  readonly retry: Retry;
  /** `modelled` errors belong to operations; every request can get a `common` one. */
  readonly origin: "modelled" | "common";
  readonly meaning: string;
}

export type ErrorName =
  | "InternalServiceErrorException"
  | "ThrottlingException"
  | "DisabledApiException"
  | "InvalidProductCodeException"
  | "InvalidUsageDimensionException"
  | "InvalidTagException"
  | "InvalidUsageAllocationsException"
  | "InvalidCustomerIdentifierException"
  | "TimestampOutOfBoundsException"
  | "InvalidLicenseException"
  | "InvalidTokenException"
  | "ExpiredTokenException"
  | "InvalidEndpointRegionException"
  | "DuplicateRequestException"
  | "IdempotencyConflictException"
  | "CustomerNotEntitledException"
  | "InvalidParameterException"
  | "InvalidRegionException"
  | "InvalidPublicKeyVersionException"
  | "PlatformNotSupportedException"
  | "InvalidLookupAttributesException"
  | "InvalidTimeRangeException"
  | "InvalidMaxResultsException"
  | "InvalidNextTokenException"
  | "InvalidEventCategoryException"
  | "SerializationException"
  | "ValidationException"
  | "UnknownOperationException"
  | "AccessDeniedException"
  | "MissingAuthenticationTokenException"
  | "IncompleteSignatureException"
  | "InvalidSignatureException"
  | "UnrecognizedClientException";

const modelled = (meaning: string): ErrorRow => ({
  status: 400,
  fault: "client",
  retry: "never",
  origin: "modelled",
  meaning,
});
const common = (meaning: string): ErrorRow => ({ ...modelled(meaning), origin: "common" });

export const errorCatalogue: Readonly<Record<ErrorName, ErrorRow>> = {
  InternalServiceErrorException: {
    ...modelled("Trouble on the service's side. The same request may be sent again."),
    status: 500,
    fault: "server",
    retry: "transient",
  },
  ThrottlingException: { ...modelled("Too many requests at once. Slow down, then send the same."), retry: "throttled" },
  DisabledApiException: modelled("The operation is not available in this region."),
  InvalidProductCodeException: modelled("The product code is unknown, or not one of the caller's."),
  InvalidUsageDimensionException: modelled("The product has no such dimension."),
  InvalidTagException: modelled("A tag is invalid, or there are too many of them."),
  InvalidUsageAllocationsException: modelled("The allocations do not add up, or two have the same tags."),
  InvalidCustomerIdentifierException: modelled("No such customer is known."),
  TimestampOutOfBoundsException: modelled("The timestamp lies outside the acceptance window."),
  InvalidLicenseException: modelled("The licence is unknown, another customer's, or outside its term."),
  InvalidTokenException: modelled("The registration token is invalid."),
  ExpiredTokenException: modelled("The registration token, or the session of the caller, has expired."),
  InvalidEndpointRegionException: modelled("The endpoint's region is not the region of the resource."),
  DuplicateRequestException: modelled("A record for this hour, dimension and resource exists with another quantity."),
  IdempotencyConflictException: {
    ...modelled("The client token was used before, with other parameters."),
    status: 409,
  },
  CustomerNotEntitledException: modelled("The caller has no agreement for the product."),
  InvalidParameterException: modelled("A parameter is invalid, or does not go with another."),
  InvalidRegionException: modelled("The call must come to the region of the task or pod."),
  InvalidPublicKeyVersionException: modelled("The public key version is invalid."),
  PlatformNotSupportedException: modelled("The caller is not a task or pod on a supported platform."),
  InvalidLookupAttributesException: modelled("An attribute to look events up by is invalid, or there are too many."),
  InvalidTimeRangeException: modelled("The time range ends before it starts."),
  InvalidMaxResultsException: modelled("The number of events asked for is out of range."),
  InvalidNextTokenException: modelled("The page token is invalid, or was given for another query."),
  InvalidEventCategoryException: modelled("There is no such category of events."),
  SerializationException: common("The body is not JSON, or a value has the wrong type."),
  ValidationException: common("A value violates a constraint of its shape."),
  UnknownOperationException: common("No such operation."),
  AccessDeniedException: common("The caller's policies do not allow the action."),
  MissingAuthenticationTokenException: common("The request is not signed."),
  IncompleteSignatureException: common("The signature lacks a part, or a part is malformed."),
  InvalidSignatureException: common("The signature does not match, or its time or scope is wrong."),
  UnrecognizedClientException: common("The access key or the session token is unknown."),
};
