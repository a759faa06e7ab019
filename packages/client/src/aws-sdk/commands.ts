/** The commands of the official client: an input, and what it is for. */
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

/** As much of an operation as is used. */
interface CommandOperation {
  readonly name: string;
  readonly input: StructureShape;
  readonly output: StructureShape;
}

export abstract class MeteringCommand<Input extends object, Output extends object> {
  readonly input: Input;
  abstract readonly operation: CommandOperation;
  /** Only says what `send` answers. */
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
