/** Whose usage it is, as AWS knows it, in one of three forms; each has keys of its own (Rule K6). */

export interface Identity {
  /** The customer's AWS account id; goes with a licence, too. */
  readonly customerAccountId?: string | undefined;
  /** The customer's identifier, of older products. */
  readonly customerIdentifier?: string | undefined;
  /** The licence that the usage is on, for products with concurrent agreements. */
  readonly licenseArn?: string | undefined;
}

/** One text for an identity and a product: what an entry's key is made of, besides dimension and hour (Rule K1). */
export function identityText(
  productCode: string,
  { customerAccountId, customerIdentifier, licenseArn }: Identity,
): string {
  if (licenseArn !== undefined) return JSON.stringify(["licence", licenseArn, customerAccountId]);
  if (customerAccountId !== undefined) return JSON.stringify(["account", productCode, customerAccountId]);
  return JSON.stringify(["identifier", productCode, customerIdentifier]);
}

export function identityOf(text: string): Identity {
  const [form, offering, customer] = JSON.parse(text) as [string, string, string];
  if (form === "licence") return { licenseArn: offering, customerAccountId: customer };
  return form === "account" ? { customerAccountId: customer } : { customerIdentifier: customer };
}

/** What is wrong with an identity, in words; undefined where nothing is. */
export function identityProblem({ customerAccountId, customerIdentifier, licenseArn }: Identity): string | undefined {
  if ((customerAccountId === undefined) === (customerIdentifier === undefined)) {
    return "needs either customerAccountId or customerIdentifier: usage that is sent under both is billed twice";
  }
  if (licenseArn !== undefined && customerAccountId === undefined)
    return "has a licenseArn, which goes with customerAccountId";
  if (customerAccountId !== undefined && !/^\d{12}$/.test(customerAccountId)) {
    return `has the customerAccountId ${JSON.stringify(customerAccountId)}; expected 12 digits, as text`;
  }
  if (customerIdentifier === "") return "has an empty customerIdentifier";
  if (licenseArn !== undefined && !/^arn:aws[a-zA-Z-]*:[^:]+:[^:]*:[^:]*:.+$/.test(licenseArn)) {
    return `has the licenseArn ${JSON.stringify(licenseArn)}, which is none`;
  }
  return undefined;
}
