/** What the sources of the default credential chain work with. */
import type { Logger } from "../call/reports.ts";
import type { StsPlace } from "../endpoint/sts-endpoint.ts";
import type { HttpAgent } from "../platform/platform.ts";
import type { EndpointSources } from "../profile/configured-endpoint.ts";
import type { Transport } from "../transport/transport.ts";
import type { World } from "../world.ts";

/** What a source on this machine, or beside it, needs. */
export interface SourceParts extends EndpointSources {
  /** Straight there: an agent leads to a proxy, which has no way back to this machine. */
  readonly transport: Transport;
  readonly world: World;
  readonly logger: Logger;
}

export interface ChainParts extends SourceParts {
  /** As requests of the service are sent, by the agent or proxy that leads out of this machine. */
  readonly transportOut: Transport;
  /** The agent that the client was given, for what the optional package sends. */
  readonly agent: HttpAgent | undefined;
  /** Where the client works, for the endpoint of STS. */
  readonly place: () => Promise<StsPlace>;
}
