// The files of each library that are loaded by name: its entries, and the platforms of which one is chosen.
export const libraries = {
  protocol: { entries: ["index"], keepsModules: true },
  client: {
    entries: ["index", "aws-sdk/index", "batch/index", "testing/index"],
    platforms: ["platform/node", "platform/server-side", "platform/web"],
  },
};
