/** What the sources of the default credential chain work with. */
import type { Logger } from "../configuration.ts";
import type { EndpointSources } from "../profile/configured-endpoint.ts";
import type { Transport } from "../transport/transport.ts";
import type { World } from "../world.ts";

export interface ChainParts extends EndpointSources {
  readonly transport: Transport;
  readonly world: World;
  readonly logger: Logger;
  /** Where the client works, for the regional endpoint of STS. */
  readonly region: () => Promise<string | undefined>;
}
