/** The order of refusals, once more, in Smithy RPC v2 CBOR. */
process.env["WIRE_PROTOCOL"] = "rpc-v2-cbor";
await import("../refusal-order.test.ts");

export {};
