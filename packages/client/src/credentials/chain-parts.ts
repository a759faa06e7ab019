/** What the sources of the default credential chain work with. */
import type { Logger } from "../call/reports.ts";
import type { StsPlace } from "../endpoint/sts-endpoint.ts";
import type { HttpAgent } from "../platform/platform.ts";
import type { EndpointSources } from "../profile/configured-endpoint.ts";
import type { Transport } from "../transport/transport.ts";
import type { World } from "../world.ts";

/** What a source of credentials on this machine, or beside it, needs. */
export interface SourceParts extends EndpointSources {
  /** Sends directly: an agent leads to a proxy, from which there is no way back to this machine. */
  readonly transport: Transport;
  readonly world: World;
  readonly logger: Logger;
}

export interface ChainParts extends SourceParts {
  /** Sends like requests to the service, through the agent or proxy that leads out of this machine. */
  readonly transportOut: Transport;
  /** The client's agent, for requests of the optional package. */
  readonly agent: HttpAgent | undefined;
  /** The client's region and its like, for the endpoint of STS. */
  readonly place: () => Promise<StsPlace>;
}
