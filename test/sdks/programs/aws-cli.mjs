/** The AWS CLI, whose program is the argument: a process for each call. */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { run } from "./scenarios.mjs";

const NAMES = { metering: "meteringmarketplace", entitlement: "marketplace-entitlement", cloudtrail: "cloudtrail" };

await run(
  ({ endpoint, region, credentials }) =>
    async ({ service, operation, input }) => {
      const command = operation.replace(/\B[A-Z]/g, "-$&").toLowerCase();
      const place = ["--endpoint-url", endpoint, "--region", region, "--output", "json", "--no-paginate"];
      const keys = credentials && {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      };
      const { stdout } = await promisify(execFile)(
        process.argv[2],
        [...place, NAMES[service], command, "--cli-input-json", JSON.stringify(input)],
        { env: { ...process.env, ...keys } },
      );
      return JSON.parse(stdout);
    },
  ({ stderr = "", message }) => {
    const [, name = "unknown", text = `${message}${stderr}`] =
      /An error occurred \((\w+)\) when calling the \w+ operation.*?: (.*)/.exec(stderr) ?? [];
    return { error: { name, message: text } };
  },
);
