/** What the sources of the default credential chain work with. */
import type { Logger } from "../configuration.ts";
import type { Surroundings } from "../platform/platform.ts";
import type { SharedFiles } from "../profile/shared-files.ts";
import type { Transport } from "../transport/transport.ts";
import type { World } from "../world.ts";

export interface ChainParts {
  readonly surroundings: Surroundings;
  readonly files: SharedFiles;
  readonly transport: Transport;
  readonly world: World;
  readonly logger: Logger;
  /** Where the client works, for the regional endpoint of STS. */
  readonly region: () => Promise<string | undefined>;
}
