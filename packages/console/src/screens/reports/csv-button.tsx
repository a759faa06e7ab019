/** A report as the server writes it for spreadsheets. */
import { useState, type ReactNode } from "react";
import { api } from "../../api/calls.ts";
import { download } from "../../parts/download.ts";

export function CsvButton({ name, month }: { readonly name: string; readonly month: string }): ReactNode {
  const [problem, setProblem] = useState<string>();
  const get = async (): Promise<void> => {
    try {
      const { text } =
        name === "usage-by-instance-type"
          ? await api().csv("GET /reports/usage-by-instance-type", { query: { month } })
          : await api().csv("GET /reports/{name}", { params: { name }, query: { month } });
      setProblem(undefined);
      download(`${name}-${month}.csv`, text, "text/csv");
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      {problem === undefined ? null : (
        <span className="bad-text" role="alert">
          {problem}
        </span>
      )}
      <button type="button" className="button" onClick={() => void get()}>
        Download CSV
      </button>
    </>
  );
}
