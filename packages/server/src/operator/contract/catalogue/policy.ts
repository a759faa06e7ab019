/** IAM policy documents of users and roles, as far as this server supports them. */
import { conditionKeys, conditionOperators } from "@countinghouse/protocol";
import { z } from "zod";

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);

const conditionValue = z.union([z.string(), z.number(), z.boolean()], "must be a text, a number or a boolean");
const conditionValues = z.union(
  [...conditionValue.options, z.array(conditionValue)],
  "must be a text, a number or a boolean, or a list of them",
);

export const CONDITION_OPERATOR_PATTERN = `^(Null|(ForAllValues:|ForAnyValue:)?(${conditionOperators.join("|")})(IfExists)?)$`;
/** Upper and lower case are equal in keys. */
export const CONDITION_KEY_PATTERN = `^(${conditionKeys.map(anyCase).join("|")})$`;

/** `z.record` silently drops a member named `__proto__`; a condition without it would permit more than was meant. */
const withoutPrototype = z
  .unknown()
  .refine(
    (given) =>
      ![given, ...(isObject(given) ? Object.values(given) : [])].some(
        (value) => isObject(value) && Object.hasOwn(value, "__proto__"),
      ),
    "must not have a member __proto__",
  );

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function anyCase(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
}

const operatorsWithKeys = z
  .record(z.string(), z.record(z.string(), conditionValues).meta({ propertyNames: { pattern: CONDITION_KEY_PATTERN } }))
  .meta({ propertyNames: { pattern: CONDITION_OPERATOR_PATTERN } });

/** A condition as it is written. The server knows its operators, keys and values, and refuses the others. */
export const conditionSchema = z
  .intersection(operatorsWithKeys, withoutPrototype)
  .describe("What must hold of a request: operators of IAM's, each with condition keys and their values.");

type Condition = z.output<typeof conditionSchema>;

/** `conditionSchema`, or a schema that demands more. */
export type ConditionSchema = z.ZodType<Condition, Condition>;

/** IAM's own bound for a role's inline policies; white space between members does not count. */
const POLICY_CHARACTERS_MAX = 10_240;

// oxlint-disable-next-line typescript/explicit-function-return-type -- the schema that it makes is its type
export function policyWith(condition: ConditionSchema) {
  const statement = z
    .strictObject({
      Sid: z.string().optional(),
      Effect: z.enum(["Allow", "Deny"]),
      Action: oneOrMore.optional(),
      NotAction: oneOrMore.optional(),
      Resource: oneOrMore.optional(),
      NotResource: oneOrMore.optional(),
      Condition: condition.optional(),
    })
    .refine(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined), {
      message: "must have exactly one of Action and NotAction",
    })
    .refine(({ Resource, NotResource }) => (Resource === undefined) !== (NotResource === undefined), {
      message: "must have exactly one of Resource and NotResource",
    });
  return z
    .strictObject({
      Version: z.enum(["2012-10-17", "2008-10-17"]).optional(),
      Id: z.string().optional(),
      Statement: z.union([statement, z.array(statement)]),
    })
    .refine(
      // Policies without a condition may have any size, because they were accepted before the bound existed.
      (policy) => !hasCondition(policy) || JSON.stringify(policy).length <= POLICY_CHARACTERS_MAX,
      `must have at most ${POLICY_CHARACTERS_MAX} characters where it has a Condition`,
    )
    .describe(
      "An IAM policy document of a user or a role. Elements, operators and keys that are not supported are refused.",
    );
}

function hasCondition({ Statement }: { Statement: { Condition?: unknown } | { Condition?: unknown }[] }): boolean {
  return [Statement].flat().some(({ Condition }) => Condition !== undefined);
}
