// The files of each library that are loaded by name: its entries, the platforms of which one is chosen, and what its command runs.
export const libraries = {
  protocol: { entries: ["index"], keepsModules: true },
  client: {
    entries: ["index", "aws-sdk/index", "batch/index", "testing/index"],
    platforms: ["platform/node", "platform/server-side", "platform/web"],
  },
  outbox: { entries: ["index", "sqlite", "postgres"], programs: ["main"] },
};
