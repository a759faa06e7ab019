/** One product: its dimensions, what they cost over time, and who has it. */
import { Link, getRouteApi } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import type { Dimension, Product as ShownProduct } from "countinghouse/operator";
import { useAnswer, useList } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Field } from "../parts/fields.tsx";
import { Card, Code, Empty, Facts, Loading, Page, Problem } from "../parts/parts.tsx";
import { ListTable, Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { useServer } from "../shell/server.ts";
import { AgreementState, money } from "./wording.tsx";

const route = getRouteApi("/products/$id");

export function Product(): ReactNode {
  const { id } = route.useParams();
  const product = useAnswer("GET /products/{id}", { params: { id } });
  if (product.data === undefined) {
    return (
      <Page title="Product">
        {product.error === null ? <Loading /> : <Problem error={product.error} />}
        <p>
          <Link to="/products">All products</Link>
        </p>
      </Page>
    );
  }
  return <Shown product={product.data} />;
}

function Shown({ product }: { readonly product: ShownProduct }): ReactNode {
  const { isLab, mayChange } = useServer();
  const { productCode, title, seller, type, pricing, fulfilmentUrl, dimensions, droppedDimensions = [] } = product;
  return (
    <Page
      title={title}
      about={<Code>{productCode}</Code>}
      actions={
        isLab ? (
          <Link to="/buyer" search={{ product: productCode }} className="button">
            Subscribe as a buyer
          </Link>
        ) : null
      }
    >
      <Facts
        facts={[
          { name: "Type", value: type },
          { name: "Pricing", value: pricing },
          { name: "Seller", value: <code>{seller}</code> },
          {
            name: "Fulfilment URL",
            value: fulfilmentUrl === undefined ? <span className="quiet">none</span> : <code>{fulfilmentUrl}</code>,
          },
        ]}
      />
      <Card title="Dimensions">
        {dimensions.length === 0 ? (
          <Empty title="It has no dimensions">Nothing can be metered of it.</Empty>
        ) : (
          <Table
            label="Dimensions"
            rows={dimensions}
            keyOf={({ name }) => name}
            columns={[
              { name: "Name", cell: ({ name, description }) => <Named name={name} description={description} /> },
              { name: "Kind", cell: ({ kind }) => kind },
              { name: "Unit", cell: ({ unit = "–" }) => unit },
              { name: "Price now", kind: "number", cell: ({ price }) => money(price) },
            ]}
          />
        )}
      </Card>
      <Prices productCode={productCode} dimensions={dimensions} mayChange={mayChange} />
      {droppedDimensions.length === 0 ? null : (
        <Card title="Dimensions it has no more">
          <Table
            label="Dimensions it has no more"
            rows={droppedDimensions}
            keyOf={({ name, droppedAt }) => `${name} ${droppedAt}`}
            columns={[
              { name: "Name", cell: ({ name, description }) => <Named name={name} description={description} /> },
              { name: "Dropped", cell: ({ droppedAt }) => <Time at={droppedAt} /> },
            ]}
          />
        </Card>
      )}
      <Agreements productCode={productCode} />
    </Page>
  );
}

function Named({ name, description }: { readonly name: string; readonly description: string | undefined }): ReactNode {
  return (
    <>
      <code>{name}</code>
      {description === undefined ? null : <span className="under quiet">{description}</span>}
    </>
  );
}

function Prices({
  productCode,
  dimensions,
  mayChange,
}: {
  readonly productCode: string;
  readonly dimensions: readonly Dimension[];
  readonly mayChange: boolean;
}): ReactNode {
  const [dimension, setDimension] = useState("");
  const [price, setPrice] = useState("");
  const [from, setFrom] = useState("");
  const set = useChange(
    (client, body: { readonly price: string; readonly effectiveFrom?: string }) =>
      client.call("POST /products/{id}/dimensions/{dimension}/prices", {
        params: { id: productCode, dimension: dimension === "" ? (dimensions[0]?.name ?? "") : dimension },
        body,
      }),
    () => setPrice(""),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    set.mutate({ price: price.trim(), ...(from.trim() === "" ? {} : { effectiveFrom: from.trim() }) });
  };
  const steps = dimensions.flatMap(({ name, prices = [] }) => prices.map((step) => ({ name, ...step })));
  if (dimensions.length === 0) return null;
  return (
    <Card title="Prices over time">
      {steps.length === 0 ? (
        <p className="quiet">No price has changed, and none is to change.</p>
      ) : (
        <Table
          label="Prices over time"
          rows={steps}
          keyOf={({ name, effectiveFrom }) => `${name} ${effectiveFrom ?? ""}`}
          columns={[
            { name: "Dimension", cell: ({ name }) => <code>{name}</code> },
            { name: "From", cell: ({ effectiveFrom }) => <Time at={effectiveFrom} none="the beginning" /> },
            { name: "Price a unit", kind: "number", cell: (step) => money(step.price) },
          ]}
        />
      )}
      {mayChange ? (
        <form className="inline-form" onSubmit={submit}>
          <Field
            label="Dimension"
            value={dimension}
            onChange={setDimension}
            options={dimensions.map(({ name }) => name)}
          />
          <Field label="New price, US dollars" value={price} onChange={setPrice} placeholder="0.25" required />
          <Field label="From (an hour, UTC)" value={from} onChange={setFrom} placeholder="the coming hour" />
          <button type="submit" className="button" disabled={set.isPending}>
            Set the price
          </button>
        </form>
      ) : null}
      {set.error === null ? null : <Problem error={set.error} />}
    </Card>
  );
}

function Agreements({ productCode }: { readonly productCode: string }): ReactNode {
  const list = useList("GET /agreements");
  return (
    <Card title="Customers">
      <ListTable
        label="Agreements for this product"
        list={list}
        filter={(agreement) => agreement.productCode === productCode}
        keyOf={({ agreementId }) => agreementId}
        columns={[
          {
            name: "Agreement",
            cell: ({ agreementId }) => (
              <Link to="/agreements/$id" params={{ id: agreementId }}>
                {agreementId}
              </Link>
            ),
          },
          {
            name: "Customer",
            cell: ({ customerIdentifier, customerAccountId }) => <code>{customerIdentifier ?? customerAccountId}</code>,
          },
          { name: "State", cell: ({ status }) => <AgreementState status={status} /> },
          { name: "From", kind: "wide-only", cell: ({ startsAt }) => <Time at={startsAt} /> },
        ]}
        empty={<Empty title="Nobody has an agreement yet" />}
        noMatch={
          <Empty title="Nobody has this product yet" command={`npm run countinghouse -- agreement add --file FILE`} />
        }
      />
    </Card>
  );
}
