/** Reads the parts of a signed request: from the Authorization header, or from the query parameters of a presigned request. */

/** The parts as they were found; missing ones are undefined. Nothing is checked here. */
export interface AuthorizationParts {
  readonly algorithm: string;
  readonly credential?: string;
  readonly signedHeaders?: string;
  readonly signature?: string;
}

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; parts in any order, spaces optional. */
export function parseAuthorization(header: string): AuthorizationParts {
  const space = header.indexOf(" ");
  const algorithm = space === -1 ? header : header.slice(0, space);
  const parts: { credential?: string; signedHeaders?: string; signature?: string } = {};
  if (space !== -1) {
    for (const part of header.slice(space + 1).split(",")) {
      const at = part.indexOf("=");
      if (at === -1) continue;
      const value = part.slice(at + 1).trim();
      if (value === "") continue;
      const name = part.slice(0, at).trim();
      if (name === "Credential") parts.credential = value;
      else if (name === "SignedHeaders") parts.signedHeaders = value;
      else if (name === "Signature") parts.signature = value;
    }
  }
  return { algorithm, ...parts };
}

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** The time of a `YYYYMMDD'T'HHMMSS'Z'` text in epoch milliseconds; undefined for any other text. */
export function parseAmzDate(text: string): number | undefined {
  const parts = AMZ_DATE.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // JavaScript turns the 30th of February, and 24 o'clock, into a later day.
  return new Date(time).getUTCDate() === Number(day) ? time : undefined;
}

/** Epoch milliseconds as `YYYYMMDD'T'HHMMSS'Z'`. */
export function formatAmzDate(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}
