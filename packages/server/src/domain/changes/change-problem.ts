/** Why a change of the catalogue is not made. */
export interface ChangeProblem {
  /** `conflict`: the change contradicts what the catalogue holds; `invalid`: the change could never be made. */
  readonly reason: "conflict" | "invalid";
  /** The faulty member. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function conflict(member: string, message: string): ChangeProblem {
  return { reason: "conflict", path: [member], message };
}

export function invalid(member: string, message: string): ChangeProblem {
  return { reason: "invalid", path: [member], message };
}
