// A client of Aisle's HTTP API for browsers and Node.js, typed by its OpenAPI document:
//
//   npx openapi-typescript https://shop.example/recs/openapi.json -o schema.ts
//
//   const aisle = new Aisle("https://shop.example/recs");
//   const { items } = await aisle.get("/v1/items/{item_id}/cross-sell", { item_id: "A/1", limit: 4 });

import type { paths } from "./schema.js";

// Of the generated types: the paths with a method, and an operation's parameters, body and answer.
type With<M extends string> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends "get" | "post"> = paths[P] extends Record<M, infer O> ? O : never;
type Parameters<O, K extends "path" | "query"> = O extends { parameters: { [N in K]?: infer A } }
  ? [NonNullable<A>] extends [never] ? {} : NonNullable<A>
  : {};
type Get<P extends With<"get">> = Parameters<Operation<P, "get">, "path"> & Parameters<Operation<P, "get">, "query">;
type Body<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : never;
type Json<A> = A extends { content: { "application/json": infer J } } ? J : never;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 202)]> : never;

export type Event = Body<Operation<"/v1/events", "post">>["events"][number];

type Told = { detail?: string; request_id?: string; errors?: { field: string; message: string }[] };

const RETRIES = 2;
const MAX_WAIT_SECONDS = 5;

/** What the service answered in place of what was asked for (RFC 9457). A time-out is no answer: the fetch's own error. */
export class AisleError extends Error {
  readonly status: number;
  readonly detail: string;
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;
  readonly errors: { field: string; message: string }[];

  constructor(status: number, told: Told, retryAfter?: number) {
    const { detail = "no detail", request_id, errors = [] } = told;
    super(`${status}: ${detail}`);
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.requestId = request_id;
    this.errors = errors;
  }
}

/** Asks the service at `url`, which may have a path; `key` has no place in a page, where everybody can read it. */
export class Aisle {
  private readonly url: string;
  private readonly key: string | undefined;
  private readonly timeoutMilliseconds: number;

  constructor(url: string, key?: string, timeoutMilliseconds = 2000) {
    this.url = url;
    this.key = key;
    this.timeoutMilliseconds = timeoutMilliseconds;
  }

  /** What is at a path: its parameters are encoded, the others are the query; a list repeats one. */
  get<P extends With<"get">>(path: P, parameters: Get<P>): Promise<Answer<Operation<P, "get">>> {
    const query = new URLSearchParams();
    let target: string = path;
    for (const [name, value] of Object.entries(parameters as Record<string, unknown>)) {
      const inPath = target.includes(`{${name}}`);
      if (inPath) target = target.replace(`{${name}}`, () => encodeURIComponent(String(value)));
      else for (const one of [value].flat()) if (one !== undefined) query.append(name, String(one));
    }
    const asked = query.toString();
    return this.read(asked ? `${target}?${asked}` : target, { method: "GET" });
  }

  /** What is answered to a body that only asks, as for a session or a basket. */
  post<P extends "/v1/recommendations" | "/v1/cross-sell" | "/v1/rank">(
    path: P,
    body: Body<Operation<P, "post">>,
  ): Promise<Answer<Operation<P, "post">>> {
    return this.read(path, withBody(body));
  }

  /** Tell what users and visitors did, with a key of the scope `write`: from the shop's server, never from a page. Each
   * event has an `event_id` of the shop's own: one that is sent again counts once, so what failed may be sent again. */
  sendEvents(events: Event[]): Promise<Answer<Operation<"/v1/events", "post">>> {
    return this.send("/v1/events", withBody({ events }));
  }

  /** Ask again, a little later, where the service says that it cannot answer just now. */
  private async read<T>(target: string, request: RequestInit): Promise<T> {
    for (let retry = 0; ; retry++) {
      try {
        return await this.send<T>(target, request);
      } catch (error) {
        const again = error instanceof AisleError && error.status === 503 && retry < RETRIES;
        if (!again || error.retryAfter === undefined) throw error;
        const seconds = Math.min(error.retryAfter, MAX_WAIT_SECONDS);
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      }
    }
  }

  private async send<T>(target: string, request: RequestInit): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (request.body) headers["Content-Type"] = "application/json";
    if (this.key) headers["Authorization"] = `Bearer ${this.key}`;
    const signal = AbortSignal.timeout(this.timeoutMilliseconds);
    const response = await fetch(this.url.replace(/\/$/, "") + target, { ...request, headers, signal });
    if (response.ok) return (await response.json()) as T;
    const told = await response.json().catch(() => ({ detail: response.statusText })); // a proxy's own page
    const wait = response.headers.get("Retry-After") ?? "";
    const retryAfter = /^\d+$/.test(wait) ? Number(wait) : undefined;
    throw new AisleError(response.status, told, retryAfter);
  }
}

function withBody(body: unknown): RequestInit {
  return { method: "POST", body: JSON.stringify(body) };
}
