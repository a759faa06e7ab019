/** What metered resources get where they run: credentials, metadata, and the environment variables that lead to both. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { pagesOf } from "../ledger/pages.ts";
import { send } from "../listener/listener.ts";
import type { WireResponse } from "../listener/message.ts";
import { containerResponse } from "./container-credentials.ts";
import {
  commonEnvironment,
  containerEnvironment,
  instanceEnvironment,
  podEnvironment,
  type Environment,
} from "./environment.ts";
import { InstanceListeners } from "./instance-listeners.ts";
import { metadataResponse, type InstanceMetadataOptions } from "./instance-metadata.ts";
import { ResourceCredentials, type ResourceCredentialsOptions } from "./resource-credentials.ts";

interface WorkloadOptions extends ResourceCredentialsOptions, Omit<InstanceMetadataOptions, "credentials"> {
  readonly ledger: Pick<Ledger, "catalogue" | "findResources" | "resources">;
  /** Called where an instance cannot get a metadata service. */
  readonly onError: (error: Error) => void;
  /** Called where the ledger cannot be read; the program is told to ask again. */
  readonly onTrouble: (error: Error) => void;
}

const RESOURCES_AT_ONCE = 500;

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #credentials: ResourceCredentials;
  readonly #listeners: InstanceListeners;

  constructor(options: WorkloadOptions) {
    const credentials = new ResourceCredentials(options);
    const metadata = { ...options, credentials };
    this.#options = options;
    this.#credentials = credentials;
    this.#listeners = new InstanceListeners({
      respond: (resourceId, request) => this.#orTrouble(metadataResponse(resourceId, request, metadata)),
      onError: options.onError,
    });
  }

  /** The variables for a resource; `origin` is this server's address, as the resource reaches it. They hold a secret. */
  environmentOf(resource: MeteredResource, origin: string): Environment {
    const common = commonEnvironment(origin, resource);
    switch (resource.platform) {
      case "ec2":
        return { ...common, ...instanceEnvironment(this.#listeners.endpointOf(resource.resourceId)) };
      case "ecs":
        return { ...common, ...containerEnvironment(origin, resource, this.#options.sealer) };
      case "eks":
        return { ...common, ...podEnvironment(origin, resource) };
    }
  }

  /** To be called when a resource is new or its life has changed: running instances have a metadata service, others none. */
  async resourceChanged({ platform }: Pick<MeteredResource, "platform">): Promise<void> {
    if (platform === "ec2") await this.resourcesChanged();
  }

  /** The same, where any resource may have changed: at the start, and after a reset. */
  async resourcesChanged(): Promise<void> {
    const { ledger, nowMs } = this.#options;
    const query = { platform: "ec2", life: { live: true, atMs: nowMs() }, limit: RESOURCES_AT_ONCE } as const;
    const live = new Set<string>();
    for await (const resources of pagesOf((cursor) => ledger.resources({ ...query, cursor }))) {
      for (const { resourceId } of resources) live.add(resourceId);
    }
    await this.#listeners.keep(live);
  }

  /** Answers a task that asks for its credentials. */
  answerContainer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { method = "", url = "", headers } = request;
    const asked = { method, path: url.split("?", 1)[0] ?? "", authorization: headers.authorization };
    const answer = containerResponse(asked, this.#options.sealer, this.#credentials);
    void this.#orTrouble(answer).then((told) => send(response, told));
  }

  /** If the ledger cannot be read, programs are told to ask again. */
  async #orTrouble(answer: Promise<WireResponse>): Promise<WireResponse> {
    try {
      return await answer;
    } catch (error) {
      this.#options.onTrouble(error as Error);
      return { status: 503, headers: { "Content-Type": "text/plain" }, body: "Service Unavailable" };
    }
  }

  close(): Promise<void> {
    return this.#listeners.close();
  }
}
