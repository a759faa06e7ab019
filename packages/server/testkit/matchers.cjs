// For require(): the ES module, as Node itself loads it. Jest puts a require() of its own in the place of Node's, which loads ES
// modules only where it was started with a flag, and the whole server anew for each file of tests. The main context has Node's.
const { runInThisContext } = require("node:vm");
const { createRequire } = runInThisContext("process").getBuiltinModule("node:module");
module.exports = createRequire(__filename)("../dist/testkit/matchers/index.js");
