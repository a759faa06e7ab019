/** A seller's whole job once more, with the official client speaking Smithy RPC v2 CBOR by its own protocol class. */
process.env["WIRE_PROTOCOL"] = "rpc-v2-cbor";
await import("../main-job.test.ts");

export {};
