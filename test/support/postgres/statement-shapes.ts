/**
 * Recognises, by their syntax trees, statements that Citus refuses, or answers by sending whole tables to the coordinator. The
 * rules were learnt from Citus 13.2 itself; this stands in for it where there is no cluster.
 */
import { loadModule, parseSync } from "libpg-query";
import { DISTRIBUTED, LOCAL } from "../../../packages/server/src/stores/postgres/distribution.ts";

await loadModule();

type Node = Readonly<Record<string, unknown>>;

const VOLATILE = new Set(
  "clock_timestamp gen_random_uuid nextval pg_sleep random setval timeofday txid_current uuid_generate_v4".split(" "),
);

/** Says in a sentence why a statement is not for a ledger on several machines; undefined where it is. */
export function refusalOf(sql: string): string | undefined {
  const { stmts = [] } = parseSync(sql) as { readonly stmts?: readonly { readonly stmt?: Node }[] };
  for (const { stmt } of stmts) {
    const refusal = stmt === undefined ? undefined : refusalOfOne(stmt);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function refusalOfOne(statement: Node): string | undefined {
  const [kind = ""] = Object.keys(statement);
  if (!["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"].includes(kind)) return undefined;
  const all = [...nodesIn(statement)];
  const tables = all.flatMap(([name, node]) =>
    name === "RangeVar" || name === "relation" ? [String(node["relname"])] : [],
  );
  const grown = tables.filter((table) => table in DISTRIBUTED);
  if (grown.length === 0) return undefined;
  const small = tables.find((table) => LOCAL.includes(table));
  if (small !== undefined) return `${grown[0]} is spread and ${small} is not: each needs a statement of its own.`;
  const called = all.flatMap(([name, node]) => (name === "FuncCall" ? [functionName(node)] : []));
  const volatile = called.find((name) => VOLATILE.has(name));
  if (kind !== "SelectStmt" && volatile !== undefined)
    return `${volatile}() is volatile: its value has to be a parameter.`;
  for (const [name, node] of all) {
    if (
      name === "RangeSubselect" &&
      node["lateral"] === true &&
      "limitOffset" in bodyOf(node) &&
      !namesShard(bodyOf(node))
    ) {
      return "OFFSET in a LATERAL subquery is refused where the shard key is not a parameter.";
    }
    if (name === "withClause" && node["recursive"] === true && !namesShard(node)) return "A recursive CTE is refused.";
    if (name === "FuncCall" && "over" in node && !namesShard(statement)) {
      return "A window function has every row sent to the coordinator, whatever the LIMIT.";
    }
    if (name === "RangeSubselect" && "limitCount" in bodyOf(node) && !namesShard(bodyOf(node))) {
      return "A subquery with a LIMIT has that many rows of every shard sent to the coordinator.";
    }
  }
  return undefined;
}

function bodyOf(subselect: Node): Node {
  const { SelectStmt: body = {} } = (subselect["subquery"] ?? {}) as { readonly SelectStmt?: Node };
  return body;
}

/** Whether a condition says `shard_key = $n`. */
function namesShard(node: Node): boolean {
  return [...nodesIn(node)].some(([name, found]) => {
    if (name !== "A_Expr" || found["kind"] !== "AEXPR_OP") return false;
    const { lexpr, rexpr } = found as { readonly lexpr?: Node; readonly rexpr?: Node };
    const left = JSON.stringify(lexpr);
    return (
      left.includes('"sval":"shard_key"') && !left.includes("RowExpr") && JSON.stringify(rexpr).includes('"ParamRef"')
    );
  });
}

function functionName(node: Node): string {
  const parts = node["funcname"] as readonly { readonly String: { readonly sval: string } }[];
  return parts.at(-1)?.String.sval ?? "";
}

/** Every object in a tree, with the name of the member that holds it. */
function* nodesIn(value: unknown, name = ""): Generator<readonly [string, Node]> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesIn(item, name);
  } else if (typeof value === "object" && value !== null) {
    yield [name, value as Node];
    for (const [member, inner] of Object.entries(value)) yield* nodesIn(inner, member);
  }
}
