/** With a standby that commits wait for, usage that it lacks is never answered, even if an operator ends the wait or the waiting connection. */
import { expect, onTestFinished } from "vitest";
import { testOfPostgres } from "../../../../../../test/support/postgres/database.ts";
import { PostgresServer } from "../../../../../../test/support/postgres/postgres-server.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import { keptIds, meter, sent } from "../../../../testing/contract/works.ts";
import { openAt } from "../../../../testing/postgres-ledger.ts";

const test = testOfPostgres();

test.for(["pg_terminate_backend", "pg_cancel_backend"])(
  "after %s, a commit that is seen, and that no standby has, is not acknowledged before one has it",
  async (end) => {
    const server = await PostgresServer.make(undefined, ["fsync=off"]);
    onTestFinished(() => server.remove());
    const { ledger } = await openAt(server.url(), { wallMs: () => START_MS }, { lanes: 1 });
    onTestFinished(() => ledger.close());
    await ledger.transact(meter([sent({ dimension: "before" })]));

    const standbyIs = async (name: string): Promise<void> => {
      await server.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
      await server.query("SELECT pg_reload_conf()");
    };
    // Others of the node's connections commit, too.
    const waitingForIt = (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
      server.query(
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'countinghouse lane'",
      );
    await standbyIs("nobody");
    // Sessions know the setting at once, and commits wait from when another process of the server has read it.
    await expect
      .poll(async () => {
        server.query("SELECT pg_logical_emit_message(true, 'test', '')").catch(() => undefined);
        return server.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
      })
      .not.toHaveLength(0);

    let answered = false;
    const metering = ledger.transact(meter([sent()])).finally(() => (answered = true));
    metering.catch(() => undefined);
    await expect.poll(waitingForIt).toHaveLength(1);
    // From then on other connections see its commit, as if the standby had it.
    const [waiting] = await waitingForIt();
    await server.query(`SELECT ${end}(${String(waiting?.["pid"])})`);
    await expect.poll(() => server.query("SELECT FROM countinghouse.metering_record")).toHaveLength(2);
    await expect.poll(async () => (await waitingForIt()).map(({ pid }) => pid)).not.toContain(waiting?.["pid"]);
    // The session that asks about the commit in doubt waits for the standby, too.
    await expect.poll(async () => answered || (await waitingForIt()).length > 0).toBe(true);
    expect(answered).toBe(false);

    await standbyIs("");
    const [metered] = await metering;
    expect(metered?.kept).toBeUndefined();
    expect(await keptIds(ledger)).toHaveLength(2);
  },
);
