/**
 * Every refusal that the official client can bring about, once more: the official client speaks Smithy RPC v2 CBOR,
 * by its own protocol class.
 */
import { speakCbor } from "../../support/in-cbor.ts";

speakCbor("official");
await import("../refusals.test.ts");
