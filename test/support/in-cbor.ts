/** Makes suites of `test/wire/` speak Smithy RPC v2 CBOR: those that are imported after the call. */

/** Who sends: the official clients, or the raw client. */
type Sender = "official" | "raw";

const variableOf = (sender: Sender): string => `WIRE_PROTOCOL_${sender.toUpperCase()}`;

export function speakCbor(sender: Sender): void {
  process.env[variableOf(sender)] = "rpc-v2-cbor";
}

export function speaksCbor(sender: Sender): boolean {
  return process.env[variableOf(sender)] === "rpc-v2-cbor";
}
