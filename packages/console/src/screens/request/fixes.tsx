/** What can be done about a refusal, and where: the way on from why. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RequestShown } from "countinghouse/operator";

type Fix = (request: RequestShown) => ReactNode;

const products = (): ReactNode => <Link to="/products">Products and their codes</Link>;

const customers: Fix = ({ productCode }) => (
  <>
    Usage is taken for customers who have an agreement for the product, by the names that stand there.{" "}
    <Link to="/agreements" search={productCode === undefined ? {} : { product: productCode }}>
      Who has this product
    </Link>
    , or <Link to="/buyer">subscribe as a buyer</Link>.
  </>
);

const keys: Fix = () => (
  <>
    The secret has to be that of the access key, and nothing may change the request after it was signed.{" "}
    <Link to="/accounts">Access keys, and new ones</Link>
  </>
);

const FIXES: Readonly<Record<string, Fix>> = {
  TimestampOutOfBoundsException: () => (
    <>
      Send usage within the window, with the moment at which it was used; what is older is lost to metering. To try late
      usage again and again, a lab’s <Link to="/clock">clock</Link> can stand still. Below it can be sent again, as used
      now.
    </>
  ),
  InvalidSignatureException: keys,
  SignatureDoesNotMatch: keys,
  UnrecognizedClientException: () => (
    <>
      No user has this access key. <Link to="/accounts">Access keys, and new ones</Link>
    </>
  ),
  AccessDeniedException: () => (
    <>
      The policy of the user decides what it may do. <Link to="/accounts">Read it, and ask what it would allow</Link>
    </>
  ),
  InvalidCustomerIdentifierException: customers,
  CustomerNotEntitledException: () => (
    <>
      MeterUsage and RegisterUsage are for programs in containers and instances, with the credentials that they get
      there. <Link to="/resources">Resources that run</Link>. Of a SaaS product, usage is sent with BatchMeterUsage.
    </>
  ),
  InvalidUsageDimensionException: ({ productCode }) =>
    productCode === undefined ? (
      products()
    ) : (
      <>
        The dimension has to be one of the product’s.{" "}
        <Link to="/products/$id" params={{ id: productCode }}>
          Its dimensions
        </Link>
      </>
    ),
  InvalidProductCodeException: products,
  InvalidTokenException: () => (
    <>
      A token is good for the seller of its product, whole, and once it has not expired.{" "}
      <Link to="/buyer">Make one, or look into one</Link>
    </>
  ),
  ExpiredTokenException: () => (
    <>
      A token is good for some hours. <Link to="/buyer">Make a new one</Link>
    </>
  ),
  ThrottlingException: () => (
    <>
      Wait, longer each time, and send the same again; official SDKs do. In a lab it may be a{" "}
      <Link to="/faults">fault on demand</Link>.
    </>
  ),
  InternalServiceErrorException: () => (
    <>
      Send the same again: what was done is not done twice. In a lab it may be a{" "}
      <Link to="/faults">fault on demand</Link>.
    </>
  ),
};

export function Fix({ request }: { readonly request: RequestShown }): ReactNode {
  const fix = FIXES[request.code ?? ""];
  return fix === undefined ? null : <p className="fix">{fix(request)}</p>;
}
