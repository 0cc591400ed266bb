// What a storefront does with the client in TypeScript; prints what it was answered.

import { Aisle, AisleError, type Event } from "./aisle.js";

declare const process: { argv: string[] };

const [url, key, busy, silent, given] = process.argv.slice(2);
const ids: string[] = JSON.parse(given);
const aisle = new Aisle(url, key, 30000);

/** The status and the bad fields that a request is refused with; 0 where none came. */
async function refusal(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AisleError) return [error.status, error.errors.map((problem) => problem.field)];
    if (error instanceof Error && error.name === "TimeoutError") return [0, []];
    throw error;
  }
}

const event: Event = {
  event_id: "typescript-1",
  type: "view",
  user_id: "a/b",
  item_id: ids[0],
  time: new Date().toISOString(),
};
const idsOf = (answer: { items: { item_id: string }[] }) => answer.items.map((item) => item.item_id);
const one = { item_id: ids[0], limit: 1 };
const narrow = { category: ["even", "no & such"], limit: 2, in_stock: false };
const items: string[] = [];
for (const item_id of ids) items.push((await aisle.get("/v1/items/{item_id}", { item_id })).item.item_id);
const answers = {
  items,
  bought_together: idsOf(await aisle.get("/v1/items/{item_id}/cross-sell", one)),
  viewed_together: idsOf(await aisle.get("/v1/items/{item_id}/viewed-together", one)),
  narrowed: idsOf(await aisle.get("/v1/items", narrow)),
  missing: (await aisle.post("/v1/recommendations", { recent_items: [...ids, "gone/1"] })).missing_ids,
  events: [(await aisle.sendEvents([event])).accepted, (await aisle.sendEvents([event])).duplicates],
  recent: (await aisle.get("/v1/users/{user_id}/recent", { user_id: "a/b" })).viewed.map((item) => item.item_id),
  bad: await refusal(aisle.get("/v1/popular", { limit: 0 })),
  unknown: await refusal(aisle.get("/v1/items/{item_id}", { item_id: "gone/1" })),
  busy: await refusal(new Aisle(busy).get("/v1/popular", {}).then(idsOf)),
  events_when_busy: await refusal(new Aisle(busy).sendEvents([event])),
  silent: await refusal(new Aisle(silent, undefined, 300).get("/v1/popular", {})),
};
console.log(JSON.stringify(answers));
