/** The Kubernetes manifests: what the API's own schema says of them, and that they fit the server and each other. */
import * as client from "@kubernetes/client-node";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Secret } from "kubernetes-models/v1/Secret";
import { Service } from "kubernetes-models/v1/Service";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { newFolder, start } from "../support/scoped.ts";

const FOLDER = new URL("../../deploy/kubernetes/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** Values as YAML has them; what they must be is asked below. */
type Loose = Readonly<Record<string, never>>;

const manifests = readdirSync(FOLDER)
  .toSorted()
  .flatMap((file) =>
    parseAllDocuments(readFileSync(new URL(file, FOLDER), "utf8")).map((document) => {
      expect(document.errors).toEqual([]);
      return { file, value: document.toJS() as Loose & { readonly apiVersion: string; readonly kind: string } };
    }),
  );
const ofKind = (kind: string): unknown => manifests.find(({ value }) => value.kind === kind)?.value;

/** The schema that the API server holds objects against, by kind. */
const SCHEMAS = {
  "apps/v1 Deployment": Deployment,
  "networking.k8s.io/v1 NetworkPolicy": NetworkPolicy,
  "policy/v1 PodDisruptionBudget": PodDisruptionBudget,
  "v1 Secret": Secret,
  "v1 Service": Service,
} as const;

function schemaComplaint({ apiVersion, kind, ...members }: { apiVersion: string; kind: string }): string | undefined {
  const Model = SCHEMAS[`${apiVersion} ${kind}` as keyof typeof SCHEMAS];
  if (Model === undefined) return `there is no ${kind} of ${apiVersion}`;
  try {
    new Model(members).validate();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

/** Members that no object of the type has: the schema lets them pass, and the API server drops them with a warning. */
function unknownMembers(type: string, value: unknown, path: string): string[] {
  const [, item] = /^Array<(.+)>$/.exec(type) ?? [];
  if (item !== undefined) return (value as unknown[]).flatMap((one, i) => unknownMembers(item, one, `${path}[${i}]`));
  const model = (client as unknown as Readonly<Record<string, { getAttributeTypeMap?(): readonly Attribute[] }>>)[type];
  if (model?.getAttributeTypeMap === undefined) return [];
  const attributes = model.getAttributeTypeMap();
  return Object.entries(value as object).flatMap(([name, member]) => {
    const attribute = attributes.find(({ baseName }) => baseName === name);
    return attribute === undefined ? [`${path}.${name}`] : unknownMembers(attribute.type, member, `${path}.${name}`);
  });
}

test("the checks see what is wrong", () => {
  const { value } = manifests.find(({ file }) => file === "deployment.yaml") ?? manifests[0]!; // oxlint-disable-line no-non-null-assertion -- there are some
  const broken = structuredClone(value) as never as { apiVersion: string; kind: string; spec: Record<string, unknown> & { template: { spec: { containers: Record<string, unknown>[] } } } }; // prettier-ignore
  broken.spec["replicas"] = "two";
  expect(schemaComplaint(broken)).toContain("replicas must be integer");
  broken.spec.template.spec.containers[0]!["readOnlyRootFilesystem"] = true; // oxlint-disable-line no-non-null-assertion -- it has one
  expect(unknownMembers("V1Deployment", broken, "")).toEqual([
    ".spec.template.spec.containers[0].readOnlyRootFilesystem",
  ]);
});

test.each(manifests.map(({ file, value }) => [file, value] as const))("%s is as the API takes it", (_file, value) => {
  expect(schemaComplaint(value)).toBeUndefined();
  expect(unknownMembers(`V1${value.kind}`, value, "")).toEqual([]);
});

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } } }[]; // prettier-ignore
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: unknown;
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } };
}
interface Workload {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly securityContext: unknown;
        readonly automountServiceAccountToken: boolean;
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string; readonly items: readonly { readonly key: string; readonly path: string }[] } }[]; // prettier-ignore
      };
    };
  };
}
interface SecretValue {
  readonly metadata: { readonly name: string };
  readonly stringData: Readonly<Record<string, string>>;
}

describe("the manifests fit", () => {
  const { spec } = ofKind("Deployment") as Workload;
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const secret = ofKind("Secret") as SecretValue;

  test("each other: labels, ports, names of secrets and their keys", () => {
    const labels = { "app.kubernetes.io/name": "countinghouse" };
    expect(spec.template.metadata.labels).toMatchObject(labels);
    expect(spec.selector.matchLabels).toEqual(labels);
    expect((ofKind("Service") as { spec: { selector: unknown } }).spec.selector).toEqual(labels);
    expect((ofKind("PodDisruptionBudget") as { spec: { selector: unknown } }).spec.selector).toEqual({ matchLabels: labels }); // prettier-ignore
    expect((ofKind("NetworkPolicy") as { spec: { podSelector: unknown } }).spec.podSelector).toEqual({ matchLabels: labels }); // prettier-ignore
    const refs = container.env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
    const mounted = pod.volumes.flatMap(({ secret: one }) => one ?? []);
    expect(new Set([...refs.map(({ name }) => name), ...mounted.map(({ secretName }) => secretName)])).toEqual(new Set([secret.metadata.name])); // prettier-ignore
    const used = [...refs.map(({ key }) => key), ...mounted.flatMap(({ items }) => items.map(({ key }) => key))];
    expect(used.toSorted()).toEqual(Object.keys(secret.stringData).toSorted());
    const volumes = pod.volumes.map(({ name }) => name);
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(volumes);
  });

  test("the image: its version, its user, and a root file system that is only read", () => {
    expect(container.image).toBe(`countinghouse:${version}`);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } }); // prettier-ignore
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("the server: its flags, its variables, its catalogue, and the paths of its probes", async () => {
    const folder = newFolder();
    const catalogue = join(folder, "catalogue.yaml");
    writeFileSync(catalogue, secret.stringData["catalogue.yaml"] ?? "");
    expect(Buffer.from(secret.stringData["secrets.key"] ?? "", "base64")).toHaveLength(32);
    const keyFile = join(folder, "secrets.key");
    writeFileSync(keyFile, secret.stringData["secrets.key"] ?? "", { mode: 0o600 });
    const given: Readonly<Record<string, string>> = {
      // The database itself is another suite's.
      COUNTINGHOUSE_STORE: "memory:",
      COUNTINGHOUSE_OPERATOR_TOKEN: secret.stringData["operator-token"] ?? "",
      COUNTINGHOUSE_SECRETS_KEY_FILE: keyFile,
      COUNTINGHOUSE_CATALOG: catalogue,
    };
    expect(container.env.map(({ name }) => name).toSorted()).toEqual(Object.keys(given).toSorted());
    expect(container.args[0]).toBe("serve");
    const server = await start(container.args.slice(1), given);
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
      const { path, port } = container[probe]?.httpGet ?? { path: "", port: "" };
      expect(port).toBe(container.ports[0]?.name);
      expect((await fetch(new URL(path, server.endpoint.replace("0.0.0.0", "127.0.0.1")))).status).toBe(200);
    }
    expect(server.operatorToken).toBe(secret.stringData["operator-token"]);
  });
});
