/**
 * Examples for the help of every command, in one list, so that they can be read side by side. They are written for the demo
 * catalogue, and a test runs them. Words in capital letters stand for values that only a run knows.
 */
import type { Command } from "commander";

const LOGS = "0abcdefghijklmnopqrstuvwx";

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  serve: [
    "countinghouse serve",
    "countinghouse serve --store memory: --clock manual:2026-07-01T05:00:00Z",
    "countinghouse serve --host 0.0.0.0 --catalog catalogue.yaml --tls-cert cert.pem --tls-key key.pem",
  ],
  "product list": ["countinghouse product list"],
  "product show": [`countinghouse product show ${LOGS}`],
  "product change": [`echo 'title: Acme Logs, new' | countinghouse product change ${LOGS} --file -`],
  "product add": ["countinghouse product add --file products.yaml"],
  "product set-price": [
    `countinghouse product set-price ${LOGS} gb_ingested 0.30`,
    `countinghouse product set-price ${LOGS} queries 0.02 --effective-from 2098-01-01T00:00:00Z`,
  ],
  "agreement list": ["countinghouse agreement list"],
  "agreement show": ["countinghouse agreement show agmt-demo1"],
  "agreement change": [`echo 'endsAt: "2098-01-01T00:00:00Z"' | countinghouse agreement change agmt-demo1 --file -`],
  "agreement add": [
    `countinghouse agreement add --id agmt-new --product ${LOGS} --customer-account 222233334444 --customer-identifier newCustomer`,
    "countinghouse agreement add --file agreements.yaml",
  ],
  "agreement history": ["countinghouse agreement history agmt-demo1 --limit 20"],
  "agreement suspend": ["countinghouse agreement suspend agmt-demo2"],
  "agreement resume": ["countinghouse agreement resume agmt-demo2"],
  "agreement cancel": ["countinghouse agreement cancel agmt-demo3"],
  "account list": ["countinghouse account list"],
  "account show": ["countinghouse account show 111122223333"],
  "account change": ["echo 'title: Acme' | countinghouse account change 111122223333 --file -"],
  "account add": [
    "countinghouse account add --id 999900001111 --title 'New seller' --user metering",
    "countinghouse account add --file accounts.yaml",
  ],
  "account simulate": [
    "countinghouse account simulate arn:aws:iam::111122223333:user/read-only aws-marketplace:BatchMeterUsage",
    "countinghouse account simulate arn:aws:iam::111122223333:user/metering aws-marketplace:BatchMeterUsage --region us-east-1 --from 203.0.113.7 --secure",
  ],
  "access-key create": ["countinghouse access-key create 111122223333 --user metering"],
  "access-key delete": ["countinghouse access-key delete 111122223333 ACCESS_KEY_ID"],
  "issuer list": ["countinghouse issuer list"],
  "token create": ["countinghouse token create agmt-demo1"],
  "token inspect": ["countinghouse token inspect REGISTRATION_TOKEN"],
  "registration-key list": ["countinghouse registration-key list"],
  "registration-key rotate": ["countinghouse registration-key rotate"],
  "registration-key show": ["countinghouse registration-key show 1 --format jwk"],
  "records list": [
    `countinghouse records list --product ${LOGS} --from 2026-07-01 --until 2026-08-01`,
    "countinghouse records list --customer-account 444455556666 --json",
  ],
  "resource list": ["countinghouse resource list --platform ecs --live"],
  "resource show": ["countinghouse resource show RESOURCE_ID"],
  "resource add": [
    "countinghouse resource add --platform ec2 --id i-0123456789abcdef0 --account 444455556666 --region us-east-1",
  ],
  "resource stop": ["countinghouse resource stop RESOURCE_ID"],
  "resource use": ["countinghouse resource use RESOURCE_ID"],
  usage: [
    "countinghouse usage --by customer,day --from 2026-07-01 --until 2026-08-01",
    "countinghouse usage --marks --from 2026-07-01 --until 2026-08-01",
    `countinghouse usage --product ${LOGS} --by dimension,month --from 2026-01-01 --until 2026-08-01 --money --json`,
  ],
  "report list": ["countinghouse report list"],
  "report usage-by-instance-type": [
    "countinghouse report usage-by-instance-type --month 2026-07",
    "countinghouse report usage-by-instance-type --month 2026-07 --account 111122223333 > july.csv",
  ],
  "report revenue-by-day": ["countinghouse report revenue-by-day --month 2026-07"],
  "report refusals-by-rule": ["countinghouse report refusals-by-rule --month 2026-07"],
  "report lateness": ["countinghouse report lateness --month 2026-07"],
  "report duplicates": ["countinghouse report duplicates --month 2026-07"],
  "report silent-customers": ["countinghouse report silent-customers --month 2026-07"],
  "report agreement-statement": ["countinghouse report agreement-statement --month 2026-07"],
  "clock show": ["countinghouse clock show"],
  "clock set": ["countinghouse clock set 2097-01-01T00:00:00Z"],
  "clock advance": ["countinghouse clock advance 6h"],
  "fault add": [
    "countinghouse fault add --operation BatchMeterUsage --kind throttle --count 3",
    `countinghouse fault add --operation BatchMeterUsage --kind drop-answer --product ${LOGS} --probability 0.1`,
  ],
  "fault list": ["countinghouse fault list"],
  "fault clear": ["countinghouse fault clear"],
  explain: ["countinghouse explain REQUEST_ID"],
  advise: [`countinghouse advise --product ${LOGS}`, "countinghouse advise --from 2026-07-01 --check"],
  rehearse: [
    `countinghouse rehearse --product ${LOGS} --landing http://127.0.0.1:3000/register`,
    `countinghouse rehearse --product ${LOGS} --meter 'node meter-hour.js' --hours 30 --junit rehearsal.xml`,
  ],
  "activity tail": [`countinghouse activity tail --product ${LOGS} --outcome refused`],
  "request list": [
    "countinghouse request list --operation BatchMeterUsage --outcome partly --from 2026-07-01",
    "countinghouse request list --source memory --json",
  ],
  "request show": ["countinghouse request show REQUEST_ID", "countinghouse request show REQUEST_ID --raw"],
  "request replay": ["countinghouse request replay REQUEST_ID"],
  "request diagnose": ["countinghouse request diagnose REQUEST_ID"],
  search: ["countinghouse search agmt-"],
  "server info": ["countinghouse server info"],
  "audit search": [
    "countinghouse audit search --operation BatchMeterUsage --account 111122223333",
    "countinghouse audit search --from 2026-07-01 --until 2026-07-02 --order oldest --json",
  ],
  "audit tail": [`countinghouse audit tail --product ${LOGS}`],
  "audit export": [
    "countinghouse audit export --to events.jsonl",
    "countinghouse audit export --format cloudtrail --to trail",
  ],
  "audit import": ["countinghouse audit import trail", "countinghouse audit import events.jsonl --json"],
  "audit verify": ["countinghouse audit verify"],
  reset: ["countinghouse reset --yes"],
  "snapshot save": ["countinghouse snapshot save lab.snapshot"],
  "snapshot load": ["countinghouse snapshot load lab.snapshot"],
  "store backup": ["countinghouse store backup backup.sqlite"],
  "store restore": ["countinghouse store restore backup.sqlite --store sqlite:./restored"],
  "store verify": ["countinghouse store verify", "countinghouse store verify --store sqlite:./restored --json"],
  "store copy": ["COUNTINGHOUSE_COPY_TO=DATABASE_URL countinghouse store copy --from sqlite:./countinghouse-data"],
  "store migrate": ["COUNTINGHOUSE_STORE=DATABASE_URL countinghouse store migrate"],
  "store settings": [
    "COUNTINGHOUSE_STORE=DATABASE_URL countinghouse store settings",
    "COUNTINGHOUSE_STORE=DATABASE_URL countinghouse store settings --rules current",
  ],
  completion: ['eval "$(countinghouse completion bash)"'],
};

/** Adds each command's examples to its help. */
export function addExamples(program: Command): void {
  for (const [path, examples] of Object.entries(EXAMPLES)) {
    const lines = examples.map((example) => `\n  ${example}`).join("");
    commandAt(program, path.split(" "))?.addHelpText("after", `\nExamples:${lines}`);
  }
}

function commandAt(program: Command, path: readonly string[]): Command | undefined {
  return path.reduce<Command | undefined>(
    (command, name) => command?.commands.find((inner) => inner.name() === name),
    program,
  );
}
