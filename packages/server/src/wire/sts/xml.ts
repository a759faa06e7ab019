/** Answers of STS: XML in the form of the AWS query protocol. */
import { STS, stsErrorCatalogue, type StsErrorName, type StsOperationName } from "@countinghouse/protocol";
import type { WireResponse } from "../../listener/message.ts";

/** An element's content: text, or elements by their names; undefined members are left out. */
type XmlContent = string | { readonly [name: string]: XmlContent | undefined };

export function resultResponse(operation: StsOperationName, result: XmlContent, requestId: string): WireResponse {
  const body = { [`${operation}Result`]: result, ResponseMetadata: { RequestId: requestId } };
  return xmlResponse(200, root(`${operation}Response`, body), requestId);
}

export function errorResponse(code: StsErrorName, message: string, requestId: string): WireResponse {
  const { status, fault } = stsErrorCatalogue[code];
  const error = { Type: fault === "client" ? "Sender" : "Receiver", Code: code, Message: message };
  const body = root("ErrorResponse", { Error: error, RequestId: requestId });
  return { ...xmlResponse(status, body, requestId), code };
}

function xmlResponse(status: number, body: string, requestId: string): WireResponse {
  return { status, headers: { "Content-Type": "text/xml", "x-amzn-RequestId": requestId }, body };
}

function root(name: string, content: XmlContent): string {
  return `<${name} xmlns="${STS.namespace}">\n${elements(content, 1)}</${name}>\n`;
}

function elements(content: XmlContent, depth: number): string {
  if (typeof content === "string") return escaped(content);
  const indent = "  ".repeat(depth);
  return Object.entries(content)
    .map(([name, inner]) => {
      if (inner === undefined) return "";
      const text = typeof inner === "string" ? escaped(inner) : `\n${elements(inner, depth + 1)}${indent}`;
      return `${indent}<${name}>${text}</${name}>\n`;
    })
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** A character that XML 1.0 cannot hold becomes the replacement character. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>]/g, (character) => ENTITIES[character] as string)
    .replaceAll("\r", "&#13;");
}
