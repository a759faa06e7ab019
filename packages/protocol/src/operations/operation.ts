import type { Service } from "../service.ts";
import type { StructureShape } from "../shapes.ts";

/** How an operation is asked for, before anything of its input is read. */
export interface OperationNames {
  readonly name: string;
  /** All that stands in `X-Amz-Target`. */
  readonly target: string;
  /** The same, as other clients write it. */
  readonly otherTarget?: string;
  /** What its service may be called in the path of an RPC v2 request. */
  readonly rpcServices: readonly string[];
  /** Of its service's shapes. */
  readonly namespace: string;
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
  const { targetPrefix, otherTargetPrefix, namespace } = service;
  const shapeName = targetPrefix.slice(targetPrefix.lastIndexOf(".") + 1);
  return {
    name,
    target: `${targetPrefix}.${name}`,
    ...(otherTargetPrefix === undefined ? {} : { otherTarget: `${otherTargetPrefix}.${name}` }),
    // By its shape or, absolutely, with its namespace; botocore sends its target's prefix.
    rpcServices: [...new Set([shapeName, `${namespace}.${shapeName}`, targetPrefix])],
    namespace,
    signingName: service.signingName,
    action: `${service.actionPrefix}:${name}`,
    eventSource: service.eventSource,
  };
}
