/**
 * Faults on demand, as the official client meets them, once more: the official client speaks Smithy RPC v2 CBOR,
 * by its own protocol class.
 */
import { speakCbor } from "../../support/in-cbor.ts";

speakCbor("official");
await import("../faults.test.ts");
