/** Permissions, once more: the official client, and whoever sends by hand, speak Smithy RPC v2 CBOR. */
import { speakCbor } from "../../support/in-cbor.ts";

speakCbor("official");
speakCbor("raw");
await import("../permissions.test.ts");
