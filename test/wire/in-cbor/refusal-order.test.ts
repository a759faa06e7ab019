/** The order of refusals, once more, in Smithy RPC v2 CBOR. */
import { speakCbor } from "../../support/in-cbor.ts";

speakCbor("raw");
await import("../refusal-order.test.ts");
