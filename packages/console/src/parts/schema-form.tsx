/**
 * A form made of the operator API's own description: its members, what they are for, and what they may be. What the server
 * complains of is shown as it says it; the form repeats no rule.
 */
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { Field } from "./fields.tsx";
import { Loading, Problem } from "./parts.tsx";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
}

interface SchemaFormProps {
  /** A route with a body, such as `POST /products`. */
  readonly route: `POST /${string}`;
  readonly submitLabel: string;
  readonly initial?: Readonly<Record<string, string>>;
  readonly suggestions?: Readonly<Record<string, readonly string[]>>;
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly onSubmit: (document: Record<string, unknown>) => void;
}

export function SchemaForm({
  route,
  submitLabel,
  initial = {},
  suggestions = {},
  isBusy,
  error,
  onSubmit,
}: SchemaFormProps): ReactNode {
  const description = useQuery({
    queryKey: ["openapi"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await (await fetch("/operator/openapi.json")).json()) as Description,
  });
  const [values, setValues] = useState<Readonly<Record<string, string>>>(initial);
  const [unreadable, setUnreadable] = useState<string>();
  if (description.data === undefined)
    return description.error === null ? <Loading /> : <Problem error={description.error} />;
  const schema = bodyOf(description.data, route);
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => ({
    name,
    member: plain(description.data, member),
  }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const document: Record<string, unknown> = {};
    for (const { name, member } of members) {
      const text = (values[name] ?? "").trim();
      if (text === "") continue;
      const value = read(member, text);
      if (value === undefined) {
        setUnreadable(`${name} is not JSON that can be read: ${whyNotJson(text)}`);
        return;
      }
      document[name] = value;
    }
    setUnreadable(undefined);
    onSubmit(document);
  };
  return (
    <form className="form" onSubmit={submit}>
      {members.map(({ name, member }) => (
        <Field
          key={name}
          label={name}
          value={values[name] ?? ""}
          onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
          required={schema.required?.includes(name) === true && member.type !== "array"}
          hint={hintOf(member)}
          {...optionsOf(member, schema.required?.includes(name) === true)}
          {...(isPlain(member) ? {} : { rows: 5, placeholder: member.type === "array" ? "[ … ]" : "{ … }" })}
          {...(suggestions[name] === undefined ? {} : { suggestions: suggestions[name] })}
        />
      ))}
      {unreadable === undefined ? null : (
        <p className="problem" role="alert">
          {unreadable}
        </p>
      )}
      {error === null ? null : <Problem error={error} />}
      <div className="actions">
        <button type="submit" className="button primary" disabled={isBusy}>
          {submitLabel}
        </button>
      </div>
    </form>
  );
}

function bodyOf(description: Description, route: string): Schema {
  const [method = "", path = ""] = route.split(" ");
  const operation = description.paths[`/operator/v1${path}`]?.[method.toLowerCase()];
  return plain(description, operation?.requestBody?.content["application/json"].schema ?? {});
}

function plain(description: Description, schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  const found = name === undefined ? schema : (description.components?.schemas?.[name] ?? schema);
  return found.allOf === undefined
    ? found
    : Object.assign({}, found, ...found.allOf.map((one) => plain(description, one)));
}

const isPlain = ({ type, enum: values }: Schema): boolean =>
  values !== undefined || ["string", "number", "integer", "boolean"].includes(type ?? "");

function optionsOf(
  { enum: values, type }: Schema,
  isRequired: boolean,
): { options?: readonly (readonly [string, string])[] } {
  const known = values ?? (type === "boolean" ? ["true", "false"] : undefined);
  if (known === undefined) return {};
  return { options: [["", isRequired ? "Choose …" : "–"] as const, ...known.map((value) => [value, value] as const)] };
}

function hintOf({ description, type, format }: Schema): string | undefined {
  if (description !== undefined) return description;
  if (format === "date-time") return "Such as 2027-01-01T00:00:00Z.";
  return type === "array" || type === "object" ? "JSON, as in the catalogue file." : undefined;
}

function read({ type, enum: values }: Schema, text: string): unknown {
  if (values !== undefined || type === "string") return text;
  if (type === "boolean") return text === "true";
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function whyNotJson(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
