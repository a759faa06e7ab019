/** `@countinghouse/client/testing`: a market in memory, for tests that need no server and cannot meter by accident. */
export {
  fakeMarket,
  type FakeCustomer,
  type FakeFault,
  type FakeMarket,
  type FakeMarketOptions,
  type FakeMeteringRecord,
  type FakeProduct,
} from "./fake-market.ts";
