import type { RequestQuota } from "../rules/request-quotas.ts";
import type { RuleId } from "../rules/rule-book.ts";
import type { Service } from "../service.ts";
import type { StructureShape } from "../shapes.ts";

/** How a request names an operation, before anything of its input is read. */
export interface OperationNames {
  readonly name: string;
  /** The whole of `X-Amz-Target`. */
  readonly target: string;
  /** The target in the form that some clients write. */
  readonly otherTarget?: string;
  /** The names that its service may have in the path of an RPC v2 request. */
  readonly rpcServices: readonly string[];
  /** The namespace of its service's shapes. */
  readonly namespace: string;
  /** The service name in the scope of the request's signature. */
  readonly signingName: string;
  /** The IAM action that permits it. */
  readonly action: string;
  /** The service's name in audit events. */
  readonly eventSource: string;
}

/** Everything about an operation except what it does: its names, its input and output, and what documents say of it. */
export interface Operation<Input, Output> extends OperationNames {
  /** What the operation does, in a sentence; docs/RULES.md shows it. */
  readonly summary: string;
  /** Called by an account's programs, or by a metered resource itself. */
  readonly caller: "account" | "resource";
  /** Whether IAM calls its access "Read". Source: service authorization reference. */
  readonly readOnly: boolean;
  /** How often an account may call it in one region, where that is bounded. */
  readonly quota?: RequestQuota;
  /** The rules by which it refuses well-formed and permitted requests, in the order of its checks. */
  readonly refuses: readonly RuleId[];
  readonly input: StructureShape<Input>;
  readonly output: StructureShape<Output>;
}

/** An operation, whatever its input and output. */
export type AnyOperation = Operation<unknown, unknown>;

export function operationNames(service: Service, name: string): OperationNames {
  const { targetPrefix, otherTargetPrefix, namespace } = service;
  const shapeName = targetPrefix.slice(targetPrefix.lastIndexOf(".") + 1);
  return {
    name,
    target: `${targetPrefix}.${name}`,
    ...(otherTargetPrefix === undefined ? {} : { otherTarget: `${otherTargetPrefix}.${name}` }),
    // By the shape's name, alone or with its namespace; and by the target's prefix, which botocore sends.
    rpcServices: [...new Set([shapeName, `${namespace}.${shapeName}`, targetPrefix])],
    namespace,
    signingName: service.signingName,
    action: `${service.actionPrefix}:${name}`,
    eventSource: service.eventSource,
  };
}

/** Whether its requests name a product: by the product's code, or by the licences of their records. */
export function namesProduct({ input }: AnyOperation): boolean {
  return "productCode" in input.members || "usageRecords" in input.members;
}

/** Whether its answer may give records back undecided. */
export function givesRecordsBack({ output }: AnyOperation): boolean {
  return "unprocessedRecords" in output.members;
}

/** The refusals that all operations share: a bounded body in JSON, a signature, a permission, and the right members. */
const SIGNED: readonly RuleId[] = ["L1", "D4", "N2", "N1"];
const PERMITTED: readonly RuleId[] = ["N3", "D3", "L5"];

/** The order in which it refuses: a request with several faults is refused for the first one in the list. */
export function refusalOrderOf({ quota, refuses }: AnyOperation): readonly RuleId[] {
  return [...SIGNED, ...(quota === undefined ? [] : [quota.rule]), ...PERMITTED, ...refuses];
}
