import type { Service } from "../service.ts";
import type { StructureShape } from "../shapes.ts";

/** How an operation is asked for, before anything of its input is read. */
export interface OperationNames {
  readonly name: string;
  /** All that stands in `X-Amz-Target`. */
  readonly target: string;
  /** The same, as other clients write it. */
  readonly otherTarget?: string;
  /** The service name in the scope of the request's signature. */
  readonly signingName: string;
  /** The IAM action that permits it. */
  readonly action: string;
  /** What audit events call its service. */
  readonly eventSource: string;
}

/** An operation: how it is asked for and what goes in and out. */
export interface Operation<Input, Output> extends OperationNames {
  /** Whether IAM calls its access "Read". Source: service authorization reference. */
  readonly readOnly: boolean;
  readonly input: StructureShape<Input>;
  readonly output: StructureShape<Output>;
}

export function operationNames(service: Service, name: string): OperationNames {
  const { otherTargetPrefix } = service;
  return {
    name,
    target: `${service.targetPrefix}.${name}`,
    ...(otherTargetPrefix === undefined ? {} : { otherTarget: `${otherTargetPrefix}.${name}` }),
    signingName: service.signingName,
    action: `${service.actionPrefix}:${name}`,
    eventSource: service.eventSource,
  };
}
