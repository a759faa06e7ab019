/** Fields of forms and filters, each with its label and, where it was refused, with why. */
import { useId, type ChangeEvent, type ReactNode } from "react";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string | undefined;
  readonly type?: "text" | "search" | "number" | "password" | "month" | "datetime-local";
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly options?: readonly (string | readonly [value: string, label: string])[];
  readonly suggestions?: readonly string[];
  readonly rows?: number;
  readonly isFilter?: boolean;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly step?: number | string;
  readonly autoFocus?: boolean;
}

export function Field(props: FieldProps): ReactNode {
  const { label, value, onChange, hint, options, suggestions, rows, isFilter = false, type = "text", ...rest } = props;
  const id = useId();
  const change = ({ target }: ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>): void =>
    onChange(target.value);
  const common = { id, value, onChange: change, ...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` }) };
  return (
    <div className={isFilter ? "field filter" : "field"}>
      <label htmlFor={id}>{label}</label>
      {options !== undefined ? (
        <select {...common}>
          {options.map((option) => {
            const [key, text] = typeof option === "string" ? [option, option] : option;
            return (
              <option key={key} value={key}>
                {text}
              </option>
            );
          })}
        </select>
      ) : rows !== undefined ? (
        <textarea {...common} rows={rows} spellCheck={false} placeholder={rest.placeholder} required={rest.required} />
      ) : (
        <input
          {...common}
          {...rest}
          type={type}
          autoComplete="off"
          spellCheck={false}
          {...(isFilter ? { "data-filter": "" } : {})}
          {...(suggestions === undefined ? {} : { list: `${id}-list` })}
        />
      )}
      {suggestions === undefined ? null : (
        <datalist id={`${id}-list`}>
          {suggestions.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
      {hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
