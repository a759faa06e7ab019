/** Takes in observations of metered resources: each is merged with what is known and kept, or refused and kept as sent. */
import type { EpochMs } from "@countinghouse/protocol";
import type { MeteredResource, Platform } from "../domain/resources/metered-resource.ts";
import { observationRefusal, type ObservationRefusal } from "../domain/resources/observation-refusal.ts";
import { isGivenUp, observed, type Observation } from "../domain/resources/observation.ts";
import type { Asked, Call, LedgerEvent } from "../ledger/entry.ts";
import { resourceId } from "../ledger/ids.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { putResource } from "../ledger/resource-facts.ts";

export type Observed =
  | { readonly resource: MeteredResource; readonly refusal?: undefined }
  | { readonly resource?: undefined; readonly refusal: ObservationRefusal };

/** Makes an observation, given what is known of the resource and the time inside the transaction. */
interface News {
  /** The resource that the news is about; undefined where the news does not say it, and is refused. */
  readonly resourceId: string | undefined;
  tell(nowMs: EpochMs, known: MeteredResource | undefined): Observation | ObservationRefusal;
}

/** `asked` is kept where the news is refused. */
export function observe(ledger: Ledger, call: Call, news: News, asked?: Asked): Promise<Observed> {
  return ledger.transact({
    call,
    keys: [],
    resources: news.resourceId === undefined ? [] : [news.resourceId],
    decide: ({ catalogue, nowMs, resources: [known] }): Decision<Observed> => {
      const told = news.tell(nowMs, known);
      if ("reason" in told) return refused(told, asked);
      const refusal = observationRefusal(told, known, catalogue.account(told.accountId), nowMs);
      if (refusal !== undefined) return refused(refusal, asked);
      const resource = observed(known, told);
      const event: LedgerEvent = {
        kind: "resource-observed",
        source: told.source,
        resource: shown(resource),
        changed: known === undefined || !sameMembers(shown(known), shown(resource)),
      };
      if (known !== undefined && sameMembers(known, resource)) return { event, answer: { resource: known } };
      return { event, resources: [putResource(resource)], answer: { resource } };
    },
  });
}

/** Notes that resources are still as they were, many at once. Unknown resources are left out. */
export async function hearOf(ledger: Ledger, call: Call, observations: readonly Observation[]): Promise<void> {
  await ledger.transact({
    call,
    keys: [],
    resources: observations.map((observation) => observation.resourceId),
    decide: ({ resources }): Decision<undefined> => {
      const heard = observations.flatMap((observation, i) => {
        const known = resources[i];
        // Rule H9: a sign of life does not move a resource to another account or region.
        const isSame = known?.accountId === observation.accountId && known.region === observation.region;
        return isSame ? [observed(known, observation)] : [];
      });
      const resourceIds = heard.map((resource) => resource.resourceId);
      return {
        event: {
          kind: "resource-observed",
          source: observations[0]?.source ?? "kubernetes",
          resource: { resourceIds },
          changed: false,
        },
        resources: heard.map(putResource),
        answer: undefined,
      };
    },
  });
}

/** A resource, as the operator describes it. */
export interface NewResource {
  readonly platform: Platform;
  readonly externalId: string;
  readonly accountId: string;
  readonly region: string;
  readonly roleName?: string | undefined;
  readonly startedAtMs?: EpochMs | undefined;
}

/** Told again, it is the same resource; new information is added. */
export function addResource(ledger: Ledger, call: Call, resource: NewResource, asked: Asked): Promise<Observed> {
  const id = resourceId(resource.platform, resource.externalId);
  const tell = (nowMs: EpochMs): Observation => ({ ...resource, resourceId: id, source: "operator", seenAtMs: nowMs });
  return observe(ledger, call, { resourceId: id, tell }, asked);
}

/** Without a time, the resource ends now, or at its end if that is known already. */
export function endResource(
  ledger: Ledger,
  call: Call,
  id: string,
  stoppedAtMs: EpochMs | undefined,
  asked: Asked,
): Promise<Observed> {
  const tell: News["tell"] = (nowMs, known) => {
    if (known === undefined) return { reason: "not-found", message: `No resource ${id}.`, compared: {} };
    const { platform, externalId, accountId, region } = known;
    const ended = stoppedAtMs ?? (known.stoppedAtMs === undefined || isGivenUp(known) ? nowMs : undefined);
    return {
      source: "operator",
      resourceId: id,
      platform,
      externalId,
      accountId,
      region,
      // News of an end is no sign of life.
      seenAtMs: ended === undefined ? known.heardAtMs : nowMs,
      stoppedAtMs: ended,
    };
  };
  return observe(ledger, call, { resourceId: id, tell }, asked);
}

function refused(refusal: ObservationRefusal, asked: Asked | undefined): Decision<Observed> {
  const { reason, rule, message, compared } = refusal;
  return {
    event: { kind: "call-refused", code: reason, message, rule, compared, request: asked },
    answer: { refusal },
  };
}

/** The members of a resource that its entry shows. */
function shown(resource: MeteredResource): Asked {
  const { registrations: _registrations, findings: _findings, heardAtMs: _heardAtMs, ...told } = resource;
  return told;
}

function sameMembers(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
