/** What all pages of the buy page share: the HTML around their content, and their headers. */
import { createHash } from "node:crypto";
import type { Context } from "hono";
import { html, raw } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { STYLE } from "./style.ts";

/** Text in which every value has been escaped. */
export type Html = ReturnType<typeof html>;

export interface Page {
  readonly title: string;
  readonly content: Html;
  /** Set where the page's form posts itself to a seller. */
  readonly handsOver?: boolean;
}

/** A page to be shown in place of the asked one; thrown by routes, answered by the app. */
export class PageError extends Error {
  readonly status: ContentfulStatusCode;
  readonly title: string;

  constructor(status: ContentfulStatusCode, title: string, message: string) {
    super(message);
    this.name = "PageError";
    this.status = status;
    this.title = title;
  }
}

const SEND_FORM = "document.forms[0].submit();";

// The hash covers every character between the tags, so each element is written in one piece.
const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);
const SEND_ELEMENT = raw(`<script>${SEND_FORM}</script>`);

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; img-src data:; base-uri 'none'; frame-ancestors 'none'`;
const OWN_POLICY = `${POLICY}; form-action 'self'`;
/**
 * Browsers apply `form-action` to redirects after a form as well, and sellers do redirect, to another of their addresses or to
 * a login. If the policy named the seller's origin alone, a registration that works on AWS would fail here.
 */
const HAND_OVER_POLICY = `${POLICY}; script-src ${hashOf(SEND_FORM)}; form-action http: https:`;

export function servePage(c: Context, page: Page, status: ContentfulStatusCode = 200): Response | Promise<Response> {
  const handsOver = page.handsOver === true;
  return c.html(documentOf(page), status, {
    "Content-Security-Policy": handsOver ? HAND_OVER_POLICY : OWN_POLICY,
    // With `no-referrer`, a browser would send `Origin: null` to our own form's route, which then refuses the form.
    "Referrer-Policy": handsOver ? "no-referrer" : "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
}

function documentOf({ title, content, handsOver }: Page): Html {
  return html`<!doctype html>
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – Countinghouse</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <a href="/buy/">Countinghouse <span>lab</span></a>
        </header>
        <main>${content}</main>
        <footer>This page stands in for AWS Marketplace’s. No money moves.</footer>
        ${handsOver === true ? SEND_ELEMENT : ""}
      </body>
    </html>`;
}
