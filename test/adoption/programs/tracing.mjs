// Calls under OpenTelemetry, by connections of the client's own and by an agent; prints the spans that came of each.
import { Agent } from "node:http";
import { SpanStatusCode, context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { MarketplaceMeteringClient } from "@countinghouse/client";

const { ENDPOINT: endpoint } = process.env;
const configuration = { endpoint, region: "us-east-1", credentials: { accessKeyId: "A", secretAccessKey: "s" } };
const before = new MarketplaceMeteringClient(configuration);
await before.resolveCustomer({ registrationToken: "before" });

const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));

const withAgent = new MarketplaceMeteringClient({ ...configuration, agent: new Agent() });
const without = new MarketplaceMeteringClient({ ...configuration, openTelemetry: false });
const handedIn = new MarketplaceMeteringClient({ ...configuration, openTelemetry: { context, propagation, trace } });
const told = {};
await trace.getTracer("program").startActiveSpan("job", async (job) => {
  for (const [name, client] of Object.entries({ before, withAgent, without, handedIn })) {
    await client.resolveCustomerOutcome({ registrationToken: name });
    told[name] = exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      spanId: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId ?? span.parentSpanId,
      attributes: span.attributes,
      failed: span.status.code === SpanStatusCode.ERROR,
    }));
    exporter.reset();
  }
  told.job = job.spanContext();
  job.end();
});
console.log(JSON.stringify(told));
