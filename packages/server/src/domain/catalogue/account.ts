/** Accounts and the users and roles that act for them. Sellers and customers are both accounts. */

/** What must hold of a request: operators, each with condition keys, each with one value or several. Kept as written. */
export type PolicyCondition = Readonly<
  Record<string, Readonly<Record<string, ConditionValue | readonly ConditionValue[]>>>
>;

export type ConditionValue = string | number | boolean;

/** A statement of an IAM policy document. It has either Action or NotAction, and either Resource or NotResource. */
export interface PolicyStatement {
  readonly Sid?: string | undefined;
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[] | undefined;
  readonly NotAction?: string | readonly string[] | undefined;
  readonly Resource?: string | readonly string[] | undefined;
  readonly NotResource?: string | readonly string[] | undefined;
  readonly Condition?: PolicyCondition | undefined;
}

export interface PolicyDocument {
  readonly Version?: "2012-10-17" | "2008-10-17" | undefined;
  readonly Id?: string | undefined;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** A user of an account. A user without a policy may do everything that this server offers (Rule N3). */
interface User {
  readonly name: string;
  readonly policy?: PolicyDocument | undefined;
}

/** A role of an account, which metered resources assume. */
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

/** A long-term key of a user. The secret is kept sealed, and is shown only once, when it is made. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly userName: string;
  readonly sealedSecret: string;
}
