/** The rule book's rules of what the control plane meters: whose use, from when until when, and which observations count. */
import { ALWAYS, DESIGN, OURS, type Rule } from "./rule.ts";

export type AccrualRuleId = "H1" | "H2" | "H3" | "H4" | "H5" | "H6" | "H7" | "H8" | "H9";

const REGISTER_USAGE = "API reference, RegisterUsage";
const ECS_EVENTS = "ECS developer guide, task state change events";

export const accrualRules: Readonly<Record<AccrualRuleId, Rule>> = {
  H1: {
    text: "Once a task or pod has registered, its running time is metered by the hour (UTC) and to the second until it ends, each task and pod for itself, whatever becomes of its buyer's agreement, and without another call.",
    source: REGISTER_USAGE,
    inForce: ALWAYS,
    reading:
      "Quantities of these records are seconds. Fractions of a second are dropped once, from the whole of a life, so its hours always add up to it. A daemon set on ten nodes is ten pods.",
  },
  H2: {
    text: "Use counts from the launch when the resource registered within 6 hours of it; otherwise from the launch or the beginning of the month (UTC) of the registration, whichever is later.",
    source: `${REGISTER_USAGE}: no guarantee for previous months, metering continues for the current month forward`,
    inForce: ALWAYS,
  },
  H3: {
    text: "Who ran for less than 60 seconds that count is metered for 60, in the last hour that it ran in.",
    source: REGISTER_USAGE,
    inForce: ALWAYS,
  },
  H4: {
    text: "An hour's use is provisional for 6 hours after its end, then it is written to the ledger, once; news that comes later is made good by adjustments, records of their own that may be negative.",
    source: DESIGN,
    inForce: OURS,
    reading:
      "What is provisional is reckoned when somebody asks (reports), and kept nowhere. The ledger's hours and their adjustments always add up to what a fresh reckoning says.",
  },
  H5: {
    text: "What is known of a resource follows from what was observed of it, in whatever order and however often it was told: of states with a version the newest counts, of other starts the earliest, of other ends the one told last.",
    source: `${ECS_EVENTS}: events may repeat, and are put in order by their version`,
    inForce: ALWAYS,
    reading: "Where two sources tell of an end, it ended at the earlier one. Who has ended does not run again.",
  },
  H6: {
    text: "A task runs from startedAt (until that is known, createdAt) to executionStoppedAt, or stoppedAt where there is none. A pod runs from its status.startTime to its deletion or, where it has succeeded or failed, to the latest end of its containers; restarts of containers do not end it.",
    source: `${ECS_EVENTS}; Kubernetes API, Pod`,
    inForce: ALWAYS,
    reading:
      "What is billed is the time that containers can run; getting an address, and giving it back, is none. A time that is null, or of the year 1, was never told; a failed pod with an end that nobody saw ended with its last change.",
  },
  H7: {
    text: "A watched pod that is no longer there ended when it was last seen; a resource of which nothing is heard for 30 days ended at the end of them. Both run on if they are heard of again.",
    source: DESIGN,
    inForce: OURS,
    reading: "Silence takes nothing away that may have run. Use on either side of a wrong end is made good (Rule H4).",
  },
  H8: {
    text: "A resource is forgotten 35 days after its end was told, once all its use is in the ledger; news that is older, or of an end before that, is refused. What has registered and was only given up (Rule H7) is not forgotten before its end is told.",
    source: DESIGN,
    inForce: OURS,
    reading: "Bills are written on the third day of the next month, so nothing that can still be billed is forgotten.",
  },
  H9: {
    text: "A resource is one instance id, task ARN or pod uid, in one known account and one region, which its ARN names too; its role is one of that account, it starts no later than now, and ends no earlier than it starts.",
    source: DESIGN,
    inForce: OURS,
    reading:
      "ECS events may be up to 900 s ahead, as signatures may. What is refused is kept with all that was sent, but for the overrides of a task, which may hold secrets.",
  },
};
