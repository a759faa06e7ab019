/** The filters of a list. Each stands in the address, so that what is filtered can be kept and shared. */
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Field } from "./fields.tsx";

interface Filter<Name> {
  /** The member of the address. */
  readonly name: Name;
  readonly label: string;
  readonly type?: "search";
  /** What may be in it; left out, nothing is said, and anything may be. */
  readonly placeholder?: string;
  readonly options?: readonly (string | readonly [value: string, label: string])[];
  readonly suggestions?: readonly string[];
}

interface FiltersProps<Name extends string> {
  /** What the address has. */
  readonly values: Readonly<Partial<Record<Name, string | undefined>>>;
  readonly filters: readonly Filter<Name>[];
  readonly isDense?: boolean;
}

export function Filters<Name extends string>({ values, filters, isDense = false }: FiltersProps<Name>): ReactNode {
  const navigate = useNavigate();
  const set = (name: Name, text: string): void => {
    const search = (before: object): object => ({ ...before, [name]: text === "" ? undefined : text });
    void navigate({ to: ".", search: search as never, replace: true });
  };
  return (
    <search className={isDense ? "filters dense" : "filters"}>
      {filters.map(({ name, ...field }) => (
        <Field
          key={name}
          isFilter
          {...(field.options === undefined && field.type === undefined ? { placeholder: "Any" } : {})}
          {...field}
          value={values[name] ?? ""}
          onChange={(text) => set(name, text)}
        />
      ))}
    </search>
  );
}
