/** The buyer's way in, from both ends: subscribe as a buyer does, or make a registration token, and see what one says. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import { useList } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Field } from "../parts/fields.tsx";
import { Card, CopyButton, Empty, Facts, Page, Problem } from "../parts/parts.tsx";
import { Time } from "../parts/time.tsx";

const route = getRouteApi("/buyer");

export function Buyer(): ReactNode {
  const { product = "" } = route.useSearch();
  const navigate = useNavigate({ from: "/buyer" });
  const products = useList("GET /products");
  const chosen = products.items?.find(({ productCode }) => productCode === product) ?? products.items?.[0];
  const [token, setToken] = useState("");
  return (
    <Page title="Buyer" about="What a customer does on AWS Marketplace, here for trying. No money moves.">
      {products.items?.length === 0 ? (
        <Empty title="There is nothing to buy yet" command="npm run countinghouse -- product add --file FILE" />
      ) : (
        <div className="columns">
          <Card title="Subscribe">
            <p className="quiet">
              The buy page makes the agreement, and brings the buyer’s browser to the seller with a registration token.
            </p>
            <div className="form spaced">
              <Field
                label="Product"
                value={chosen?.productCode ?? ""}
                options={(products.items ?? []).map(({ productCode, title }) => [productCode, title] as const)}
                onChange={(text) => void navigate({ search: { product: text }, replace: true })}
              />
              {chosen === undefined ? null : (
                <div className="actions">
                  <a
                    className="button primary"
                    href={`/buy/${encodeURIComponent(chosen.productCode)}`}
                    target="_blank"
                    rel="noreferrer"
                  >
                    Open the buy page
                  </a>
                </div>
              )}
              <p className="quiet">
                {chosen?.fulfilmentUrl === undefined ? (
                  "The product has no fulfilment URL: the buy page shows the token instead."
                ) : (
                  <>
                    Then on to <code>{chosen.fulfilmentUrl}</code>
                  </>
                )}
              </p>
            </div>
          </Card>
          <MakeToken productCode={chosen?.productCode} onMade={setToken} />
        </div>
      )}
      <Inspect token={token} onToken={setToken} />
    </Page>
  );
}

function MakeToken({
  productCode,
  onMade,
}: {
  readonly productCode: string | undefined;
  readonly onMade: (token: string) => void;
}): ReactNode {
  const agreements = useList("GET /agreements");
  const [agreementId, setAgreementId] = useState("");
  const own = (agreements.items ?? []).filter((agreement) => agreement.productCode === productCode);
  const chosen = own.find((agreement) => agreement.agreementId === agreementId) ?? own[0];
  const make = useChange(
    (client, id: string) => client.call("POST /registration-tokens", { body: { agreementId: id } }),
    ({ registrationToken }) => onMade(registrationToken),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (chosen !== undefined) make.mutate(chosen.agreementId);
  };
  return (
    <Card title="Make a registration token">
      <p className="quiet">As the buyer’s browser would bring it, for an agreement that is there already.</p>
      {chosen === undefined ? (
        <p className="spaced">Nobody has this product yet.</p>
      ) : (
        <form className="form spaced" onSubmit={submit}>
          <Field
            label="Agreement"
            value={chosen.agreementId}
            onChange={setAgreementId}
            options={own.map((agreement) => agreement.agreementId)}
          />
          <div className="actions">
            <button type="submit" className="button" disabled={make.isPending}>
              Make a token
            </button>
            {make.data === undefined ? null : (
              <span role="status">
                Good until <Time at={make.data.expiresAt} />
              </span>
            )}
          </div>
          {make.data === undefined ? null : (
            <CopyButton label="Copy the token" what="the token" text={make.data.registrationToken} />
          )}
        </form>
      )}
      {make.error === null ? null : <Problem error={make.error} />}
    </Card>
  );
}

function Inspect({ token, onToken }: { readonly token: string; readonly onToken: (token: string) => void }): ReactNode {
  const inspect = useChange((client, registrationToken: string) =>
    client.call("POST /registration-tokens/inspect", { body: { registrationToken } }),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    inspect.mutate(token.trim());
  };
  const said = inspect.data;
  return (
    <Card title="Look into a token">
      <form className="form" onSubmit={submit}>
        <Field
          label="Registration token"
          rows={4}
          value={token}
          onChange={onToken}
          required
          placeholder="What came with x-amzn-marketplace-token"
        />
        <div className="actions">
          <button type="submit" className="button" disabled={inspect.isPending || token.trim() === ""}>
            Look into it
          </button>
        </div>
      </form>
      {inspect.error === null ? null : <Problem error={inspect.error} />}
      {said === undefined ? null : (
        <>
          <p className={said.valid ? "done" : "problem"} role="status">
            {said.why}
          </p>
          <Facts
            facts={[
              said.agreementId === undefined
                ? undefined
                : { name: "Agreement", value: <code>{said.agreementId}</code> },
              said.productCode === undefined ? undefined : { name: "Product", value: <code>{said.productCode}</code> },
              said.customerAccountId === undefined
                ? undefined
                : { name: "Customer’s account", value: <code>{said.customerAccountId}</code> },
              said.customerIdentifier === undefined
                ? undefined
                : { name: "Customer identifier", value: <code>{said.customerIdentifier}</code> },
              said.seller === undefined ? undefined : { name: "May be resolved by", value: <code>{said.seller}</code> },
              said.expiresAt === undefined ? undefined : { name: "Expires", value: <Time at={said.expiresAt} /> },
            ]}
          />
        </>
      )}
    </Card>
  );
}
