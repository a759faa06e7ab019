/** What every page of the buyer's way in is made of: the HTML around its content, and the headers it is served with. */
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
  /** Set where the page's form goes to a seller, and sends itself. */
  readonly handsOver?: boolean;
}

/** A page instead of what was asked for; thrown by routes, answered by the app. */
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

// In one piece with their elements: what is hashed is every character between the tags.
const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);
const SEND_ELEMENT = raw(`<script>${SEND_FORM}</script>`);

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; img-src data:; base-uri 'none'; frame-ancestors 'none'`;
const OWN_POLICY = `${POLICY}; form-action 'self'`;
/**
 * Browsers hold redirects that follow a form to `form-action` as well, and sellers do redirect: to their own address of
 * another name, to where one logs in. Naming the seller's origin alone would break a registration that works on AWS.
 */
const HAND_OVER_POLICY = `${POLICY}; script-src ${hashOf(SEND_FORM)}; form-action http: https:`;

export function servePage(c: Context, page: Page, status: ContentfulStatusCode = 200): Response | Promise<Response> {
  const handsOver = page.handsOver === true;
  return c.html(documentOf(page), status, {
    "Content-Security-Policy": handsOver ? HAND_OVER_POLICY : OWN_POLICY,
    // Under `no-referrer` a browser would say `Origin: null` to our own form's route, which is as good as no answer.
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
