/** Why a change of the catalogue is not made. */
export interface ChangeProblem {
  /** `conflict`: with what is held; `invalid`: it could never be. */
  readonly reason: "conflict" | "invalid";
  /** The member at fault. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function conflict(member: string, message: string): ChangeProblem {
  return { reason: "conflict", path: [member], message };
}

export function invalid(member: string, message: string): ChangeProblem {
  return { reason: "invalid", path: [member], message };
}
