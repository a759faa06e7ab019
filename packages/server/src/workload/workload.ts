/** What metered resources are given where they run: credentials, metadata, and the environment that leads to both. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isLive, type MeteredResource } from "../domain/resources/metered-resource.ts";
import { send } from "../listener/listener.ts";
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

export interface WorkloadOptions extends ResourceCredentialsOptions, Omit<InstanceMetadataOptions, "credentials"> {
  readonly onError: (error: Error) => void;
}

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
      respond: (resourceId, request) => metadataResponse(resourceId, request, metadata),
      onError: options.onError,
    });
  }

  /** The variables for a resource; `origin` is this server's, as the resource reaches it. They hold a secret. */
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

  /** A resource has come, or its life is another: instances that run have a metadata service, and others have none. */
  async resourceChanged({ platform }: Pick<MeteredResource, "platform">): Promise<void> {
    if (platform === "ec2") await this.resourcesChanged();
  }

  /** The same, where any may have changed: at the start, and after a reset. */
  resourcesChanged(): Promise<void> {
    const nowMs = this.#options.nowMs();
    const live = this.#options
      .catalogue()
      .list("resource")
      .filter((resource) => resource.platform === "ec2" && isLive(resource, nowMs));
    return this.#listeners.keep(new Set(live.map(({ resourceId }) => resourceId)));
  }

  /** Answers a task that asks for its credentials. */
  answerContainer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { method = "", url = "", headers } = request;
    const asked = { method, path: url.split("?", 1)[0] ?? "", authorization: headers.authorization };
    send(response, containerResponse(asked, this.#options.sealer, this.#credentials));
  }

  close(): Promise<void> {
    return this.#listeners.close();
  }
}
