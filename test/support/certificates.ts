/** A certificate authority and a certificate from it, made for one test with the machine's openssl. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./scoped.ts";

/** A certificate of 127.0.0.1, its key, and the certificate of the authority that signed it; PEM. */
export interface Certified {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly authority: Buffer;
}

/** Why no certificates can be made; undefined where they can. */
export function whyNoCertificates(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return `it needs openssl: ${(error as Error).message}`;
  }
}

/** Each call makes an authority of its own. */
export function certified(): Certified {
  const folder = newFolder();
  const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1\n");
  openssl("req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca-key.pem", "-out", "ca.pem");
  openssl("req", "-new", ...newKey, "-subj", "/CN=cluster", "-keyout", "key.pem", "-out", "request.pem");
  const signedBy = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2", "-extfile", "names"];
  openssl("x509", "-req", "-in", "request.pem", ...signedBy, "-out", "cert.pem");
  const pem = (name: string): Buffer => readFileSync(join(folder, name));
  return { key: pem("key.pem"), cert: pem("cert.pem"), authority: pem("ca.pem") };
}
