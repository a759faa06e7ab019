/**
 * GetEntitlements with filters, pages, time and refusals, once more: the official client speaks Smithy RPC v2 CBOR,
 * by its own protocol class.
 */
import { speakCbor } from "../../support/in-cbor.ts";

speakCbor("official");
await import("../get-entitlements.test.ts");
