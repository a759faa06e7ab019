/** Accounts and who may act for them. Sellers and customers are both accounts. */

/** One element of an IAM policy document. Conditions have no meaning for these actions and are refused on entry. */
export interface PolicyStatement {
  readonly Sid?: string | undefined;
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[] | undefined;
  readonly NotAction?: string | readonly string[] | undefined;
  readonly Resource: string | readonly string[];
}

export interface PolicyDocument {
  readonly Version?: string | undefined;
  readonly Id?: string | undefined;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** A user of an account; without a policy it may do whatever is served (Rule N3). */
export interface User {
  readonly name: string;
  readonly policy?: PolicyDocument | undefined;
}

/** A role of an account, to be assumed by metered resources. */
export interface Role {
  readonly name: string;
  readonly policy?: PolicyDocument | undefined;
  readonly webIdentity?: readonly { issuer: string; audience: string; subject: string }[] | undefined;
}

export interface Account {
  /** Twelve digits. */
  readonly id: string;
  readonly title?: string | undefined;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
}

/** A long-term key of a user. The secret is kept sealed and is never shown again after it was made. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly userName: string;
  readonly sealedSecret: string;
}
