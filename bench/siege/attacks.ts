/** All attacks, in the order of OPERATING's table. */
import type { Attack } from "./attack.ts";
import { bigBodies } from "./big-bodies.ts";
import { heldConnections, slowHeaders } from "./held-connections.ts";
import { manyPipelinedRequests, somePipelinedRequests } from "./pipelined-requests.ts";
import { unreadPages } from "./unread-pages.ts";

export const ATTACKS: readonly Attack[] = [
  manyPipelinedRequests,
  somePipelinedRequests,
  unreadPages,
  heldConnections,
  slowHeaders,
  bigBodies,
];
