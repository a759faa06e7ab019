/** Every refusal that the official client can bring about, once more, with the official client speaking Smithy RPC v2 CBOR by its own protocol class. */
process.env["WIRE_PROTOCOL"] = "rpc-v2-cbor";
await import("../refusals.test.ts");

export {};
