/** The commands of the official client: each holds an input, and names its operation. */
import {
  batchMeterUsage,
  meterUsage,
  registerUsage,
  resolveCustomer,
  type StructureShape,
} from "@countinghouse/protocol";
import type {
  BatchMeterUsageCommandInput,
  BatchMeterUsageCommandOutput,
  MeterUsageCommandInput,
  MeterUsageCommandOutput,
  RegisterUsageCommandInput,
  RegisterUsageCommandOutput,
  ResolveCustomerCommandInput,
  ResolveCustomerCommandOutput,
} from "./shapes.ts";

/** The parts of an operation that commands use. */
interface CommandOperation {
  readonly name: string;
  readonly input: StructureShape;
  readonly output: StructureShape;
}

export abstract class MeteringCommand<Input extends object, Output extends object> {
  readonly input: Input;
  abstract readonly operation: CommandOperation;
  /** Exists in the type only: it is what `send` answers. */
  declare protected readonly output: Output;

  constructor(input: Input) {
    this.input = input;
  }
}

export class BatchMeterUsageCommand extends MeteringCommand<BatchMeterUsageCommandInput, BatchMeterUsageCommandOutput> {
  readonly operation: CommandOperation = batchMeterUsage;
}

export class MeterUsageCommand extends MeteringCommand<MeterUsageCommandInput, MeterUsageCommandOutput> {
  readonly operation: CommandOperation = meterUsage;
}

export class RegisterUsageCommand extends MeteringCommand<RegisterUsageCommandInput, RegisterUsageCommandOutput> {
  readonly operation: CommandOperation = registerUsage;
}

export class ResolveCustomerCommand extends MeteringCommand<ResolveCustomerCommandInput, ResolveCustomerCommandOutput> {
  readonly operation: CommandOperation = resolveCustomer;
}
