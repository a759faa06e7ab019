/** LookupEvents by every attribute, with pages and refusals, once more, with the official client speaking Smithy RPC v2 CBOR by its own protocol class. */
process.env["WIRE_PROTOCOL"] = "rpc-v2-cbor";
await import("../lookup-events.test.ts");

export {};
