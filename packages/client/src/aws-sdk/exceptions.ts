/** The exception classes of the official client, with its names. */
import type { MeteringError } from "../outcome.ts";

/** What is known of the exchange, in the official client's form. */
export interface ResponseMetadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
  readonly attempts?: number;
  readonly totalRetryDelay?: number;
}

export interface ExceptionOptions {
  readonly message?: string;
  readonly $metadata: ResponseMetadata;
  /** This client's own error, which says more, such as `mayHaveSucceeded`. */
  readonly cause?: MeteringError;
}

/** The class of every error of the service. An error that is newer than this client has this class, and its own name. */
export class MarketplaceMeteringServiceException extends Error {
  override readonly name: string;
  readonly $fault: "client" | "server";
  readonly $metadata: ResponseMetadata;
  readonly $service = "MarketplaceMetering";

  constructor(options: ExceptionOptions & { readonly name: string; readonly $fault: "client" | "server" }) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = options.name;
    this.$fault = options.$fault;
    this.$metadata = options.$metadata;
  }
}

export class CustomerNotEntitledException extends MarketplaceMeteringServiceException {
  declare readonly name: "CustomerNotEntitledException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "CustomerNotEntitledException", $fault: "client" });
  }
}

export class DisabledApiException extends MarketplaceMeteringServiceException {
  declare readonly name: "DisabledApiException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "DisabledApiException", $fault: "client" });
  }
}

export class DuplicateRequestException extends MarketplaceMeteringServiceException {
  declare readonly name: "DuplicateRequestException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "DuplicateRequestException", $fault: "client" });
  }
}

export class ExpiredTokenException extends MarketplaceMeteringServiceException {
  declare readonly name: "ExpiredTokenException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "ExpiredTokenException", $fault: "client" });
  }
}

export class IdempotencyConflictException extends MarketplaceMeteringServiceException {
  declare readonly name: "IdempotencyConflictException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "IdempotencyConflictException", $fault: "client" });
  }
}

export class InternalServiceErrorException extends MarketplaceMeteringServiceException {
  declare readonly name: "InternalServiceErrorException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InternalServiceErrorException", $fault: "server" });
  }
}

export class InvalidCustomerIdentifierException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidCustomerIdentifierException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidCustomerIdentifierException", $fault: "client" });
  }
}

export class InvalidEndpointRegionException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidEndpointRegionException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidEndpointRegionException", $fault: "client" });
  }
}

export class InvalidLicenseException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidLicenseException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidLicenseException", $fault: "client" });
  }
}

export class InvalidProductCodeException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidProductCodeException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidProductCodeException", $fault: "client" });
  }
}

export class InvalidPublicKeyVersionException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidPublicKeyVersionException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidPublicKeyVersionException", $fault: "client" });
  }
}

export class InvalidRegionException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidRegionException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidRegionException", $fault: "client" });
  }
}

export class InvalidTagException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidTagException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidTagException", $fault: "client" });
  }
}

export class InvalidTokenException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidTokenException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidTokenException", $fault: "client" });
  }
}

export class InvalidUsageAllocationsException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidUsageAllocationsException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidUsageAllocationsException", $fault: "client" });
  }
}

export class InvalidUsageDimensionException extends MarketplaceMeteringServiceException {
  declare readonly name: "InvalidUsageDimensionException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "InvalidUsageDimensionException", $fault: "client" });
  }
}

export class PlatformNotSupportedException extends MarketplaceMeteringServiceException {
  declare readonly name: "PlatformNotSupportedException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "PlatformNotSupportedException", $fault: "client" });
  }
}

export class ThrottlingException extends MarketplaceMeteringServiceException {
  declare readonly name: "ThrottlingException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "ThrottlingException", $fault: "client" });
  }
}

export class TimestampOutOfBoundsException extends MarketplaceMeteringServiceException {
  declare readonly name: "TimestampOutOfBoundsException";
  constructor(options: ExceptionOptions) {
    super({ ...options, name: "TimestampOutOfBoundsException", $fault: "client" });
  }
}
