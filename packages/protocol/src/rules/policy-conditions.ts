/** What is supported of the conditions of IAM policies. Rule N3; source: IAM user guide, condition operators and global keys. */

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

/** An operator that compares: without Null, and without a quantifier or IfExists. */
export type ConditionOperatorName = (typeof conditionOperators)[number];

export const conditionKeys = [
  "aws:CurrentTime",
  "aws:PrincipalArn",
  "aws:RequestedRegion",
  "aws:SecureTransport",
  "aws:SourceIp",
] as const;

export type ConditionKey = (typeof conditionKeys)[number];
