/** Accounts: users and roles, what they may do, and their access keys. */
import { Link, getRouteApi } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import type { Account } from "countinghouse/operator";
import { useAnswer, useList } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Field } from "../parts/fields.tsx";
import { Filters } from "../parts/filters.tsx";
import { Card, Code, CopyButton, Confirm, Empty, Facts, Loading, Page, Problem, State } from "../parts/parts.tsx";
import { Time } from "../parts/time.tsx";
import { useServer } from "../shell/server.ts";

const route = getRouteApi("/accounts");

export function Accounts(): ReactNode {
  const { mayChange } = useServer();
  const { q = "" } = route.useSearch();
  const list = useList("GET /accounts");
  const wanted = q.toLowerCase();
  const shown = list.items?.filter((account) => textsOf(account).some((text) => text.toLowerCase().includes(wanted)));
  return (
    <Page
      title="Accounts and keys"
      about="Who may call: users and roles, their policies, and the access keys of users."
    >
      <Filters
        values={{ q }}
        filters={[{ name: "q", label: "Filter", type: "search", placeholder: "Account, user or key" }]}
      />
      {shown === undefined ? (
        list.error === null ? (
          <Loading />
        ) : (
          <Problem error={list.error} />
        )
      ) : shown.length === 0 ? (
        <Empty
          title={list.items?.length === 0 ? "There are no accounts yet" : "No account matches"}
          command="npm run countinghouse -- account add --file FILE"
        />
      ) : (
        <>
          {shown.filter(hasCallers).map((account) => (
            <AccountCard key={account.id} account={account} />
          ))}
          <Silent accounts={shown.filter((account) => !hasCallers(account))} />
        </>
      )}
      {list.more === undefined ? null : (
        <button type="button" className="button" onClick={list.more}>
          Load more
        </button>
      )}
      {mayChange ? <Simulate accounts={list.items ?? []} /> : null}
    </Page>
  );
}

function textsOf({ id, title = "", users, roles }: Account): readonly string[] {
  return [
    id,
    title,
    ...users.flatMap(({ name, accessKeyIds }) => [name, ...accessKeyIds]),
    ...roles.map(({ name }) => name),
  ];
}

const hasCallers = ({ users, roles }: Account): boolean => users.length + roles.length > 0;

/** Most buyers are only named. */
function Silent({ accounts }: { readonly accounts: readonly Account[] }): ReactNode {
  if (accounts.length === 0) return null;
  return (
    <Card title="Nobody calls for these">
      <p className="quiet">They have no users and no roles.</p>
      <ul className="plain">
        {accounts.map(({ id, title }) => (
          <li key={id}>
            {title} <code className="quiet">{id}</code>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function AccountCard({ account }: { readonly account: Account }): ReactNode {
  const { id, title, users, roles } = account;
  return (
    <Card
      title={
        <>
          {title ?? id} {title === undefined ? null : <span className="quiet weight-normal">{id}</span>}
        </>
      }
    >
      {users.map((user) => (
        <User key={user.name} accountId={id} user={user} />
      ))}
      {roles.map(({ name, policy, webIdentity = [] }) => (
        <section className="person" key={name}>
          <h3>
            Role <code>{name}</code>
          </h3>
          <Policy policy={policy} />
          {webIdentity.map(({ issuer, audience, subject }) => (
            <p className="quiet" key={`${issuer} ${subject}`}>
              Assumed by <code>{subject}</code> of <code>{issuer}</code>, for <code>{audience}</code>
            </p>
          ))}
        </section>
      ))}
    </Card>
  );
}

function User({ accountId, user }: { readonly accountId: string; readonly user: Account["users"][number] }): ReactNode {
  const { mayChange } = useServer();
  const make = useChange((client, userName: string) =>
    client.call("POST /accounts/{id}/access-keys", { params: { id: accountId }, body: { userName } }),
  );
  const drop = useChange((client, keyId: string) =>
    client.call("DELETE /accounts/{id}/access-keys/{keyId}", { params: { id: accountId, keyId } }),
  );
  return (
    <section className="person">
      <header className="card-head">
        <h3>
          User <code>{user.name}</code>
        </h3>
        {mayChange ? (
          <button
            type="button"
            className="button"
            disabled={make.isPending}
            onClick={() => make.mutate(user.name)}
            aria-label={`New access key for ${user.name}`}
          >
            New access key
          </button>
        ) : null}
      </header>
      {user.accessKeyIds.length === 0 ? <p className="quiet">It has no access key.</p> : null}
      <ul className="plain">
        {user.accessKeyIds.map((keyId) => (
          <li key={keyId} className="actions">
            <Code>{keyId}</Code>
            <LastUse keyId={keyId} />
            {mayChange ? (
              <Confirm
                label="Delete"
                title={`Delete ${keyId}?`}
                tone="danger"
                disabled={drop.isPending}
                onConfirm={() => drop.mutate(keyId)}
              >
                <p>Requests signed with it are refused from then on. It cannot be had back.</p>
              </Confirm>
            ) : null}
          </li>
        ))}
      </ul>
      {make.data === undefined ? null : (
        <div className="done" role="status">
          <p>The secret is shown here once, and never again:</p>
          <Facts
            facts={[
              { name: "Access key", value: <code>{make.data.accessKeyId}</code> },
              { name: "Secret", value: <code>{make.data.secretAccessKey}</code> },
            ]}
          />
          <CopyButton
            label="Copy as settings"
            what="the settings"
            text={`export AWS_ACCESS_KEY_ID=${make.data.accessKeyId} AWS_SECRET_ACCESS_KEY=${make.data.secretAccessKey}`}
          />
        </div>
      )}
      {make.error === null ? null : <Problem error={make.error} />}
      {drop.error === null ? null : <Problem error={drop.error} />}
      <Policy policy={user.policy} />
    </section>
  );
}

/** The newest call that was signed with a key, as far as calls are kept. */
function LastUse({ keyId }: { readonly keyId: string }): ReactNode {
  const calls = useAnswer("GET /requests", { query: { accessKeyId: keyId, limit: 1 } });
  const [newest] = calls.data?.items ?? [];
  if (calls.data === undefined) return null;
  return (
    <span className="quiet">
      {newest === undefined ? (
        "not used, as far as calls are kept"
      ) : (
        <>
          last used <Time at={newest.at} /> for{" "}
          <Link to="/requests/$id" params={{ id: newest.requestId }}>
            {newest.operation ?? "a request"}
          </Link>
        </>
      )}
    </span>
  );
}

function Policy({ policy }: { readonly policy: Account["users"][number]["policy"] }): ReactNode {
  if (policy === undefined) return <p className="quiet">May do whatever is served, for its own account.</p>;
  return (
    <details className="fold">
      <summary>What it may do</summary>
      <pre className="block" tabIndex={0} role="region" aria-label="Policy">
        {JSON.stringify(policy, undefined, 2)}
      </pre>
    </details>
  );
}

const ACTIONS = ["BatchMeterUsage", "MeterUsage", "ResolveCustomer", "RegisterUsage", "GetEntitlements"].map(
  (name) => `aws-marketplace:${name}`,
);

function Simulate({ accounts }: { readonly accounts: readonly Account[] }): ReactNode {
  const principals = accounts.flatMap(({ id, users, roles }) => [
    ...users.map(({ name }) => `arn:aws:iam::${id}:user/${name}`),
    ...roles.map(({ name }) => `arn:aws:iam::${id}:role/${name}`),
  ]);
  const [principal, setPrincipal] = useState("");
  const [action, setAction] = useState(ACTIONS[0] ?? "");
  const simulate = useChange((client, body: { readonly principal: string; readonly action: string }) =>
    client.call("POST /policy-simulations", { body }),
  );
  const chosen = principal === "" ? (principals[0] ?? "") : principal;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    simulate.mutate({ principal: chosen, action: action.trim() });
  };
  const said = simulate.data;
  if (principals.length === 0) return null;
  return (
    <Card title="May somebody do this?">
      <form className="inline-form" onSubmit={submit}>
        <div className="field wide">
          <Field label="Who" value={chosen} onChange={setPrincipal} options={principals} />
        </div>
        <div className="field wide">
          <Field label="Action" value={action} onChange={setAction} suggestions={ACTIONS} required />
        </div>
        <button type="submit" className="button" disabled={simulate.isPending}>
          Ask
        </button>
      </form>
      {simulate.error === null ? null : <Problem error={simulate.error} />}
      {said === undefined ? null : (
        <p role="status" className="spaced">
          <State tone={said.verdict === "allowed" ? "ok" : "bad"}>
            {said.verdict === "not-allowed" ? "not allowed" : said.verdict}
          </State>{" "}
          {said.why}
        </p>
      )}
    </Card>
  );
}
