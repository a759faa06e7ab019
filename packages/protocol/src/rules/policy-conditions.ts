/** The conditions of IAM policies that are supported. Rule N3; source: IAM user guide, condition operators and global keys. */

export const conditionOperators = [
  "StringEquals",
  "StringNotEquals",
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  "StringLike",
  "StringNotLike",
  "DateEquals",
  "DateNotEquals",
  "DateLessThan",
  "DateLessThanEquals",
  "DateGreaterThan",
  "DateGreaterThanEquals",
  "Bool",
  "IpAddress",
  "NotIpAddress",
  "ArnEquals",
  "ArnNotEquals",
  "ArnLike",
  "ArnNotLike",
] as const;

/** An operator that compares: not Null, and without a quantifier or IfExists. */
export type ConditionOperatorName = (typeof conditionOperators)[number];

export const conditionKeys = [
  "aws:CurrentTime",
  "aws:PrincipalArn",
  "aws:RequestedRegion",
  "aws:SecureTransport",
  "aws:SourceIp",
] as const;

export type ConditionKey = (typeof conditionKeys)[number];
