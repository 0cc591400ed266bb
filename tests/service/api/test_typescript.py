"""A TypeScript client that is generated from the OpenAPI document compiles, and sends no more than it has to."""

from pathlib import Path

import pytest

from tests.support.typescript import compile_strictly, generate_types

CLIENT = """
import type { paths } from "./schema.js";

type Body<P extends keyof paths, M extends keyof paths[P]> =
  paths[P][M] extends { requestBody: { content: infer C } } ? C[keyof C] : never;
type Answer = paths["/v1/recommendations"]["post"]["responses"][200]["content"]["application/json"];

const item = { item_id: "i", time: "2026-01-31T12:00:00Z" };
export const events: Body<"/v1/events", "post"> = {
  events: [
    { event_id: "1", type: "view", session_id: "s", ...item },
    { event_id: "2", type: "purchase", user_id: "u", quantity: 2, price: null, ...item },
  ],
};
export const session: Body<"/v1/recommendations", "post"> = { recent_items: ["i"] };
export const user: Body<"/v1/recommendations", "post"> = { user_id: "u", limit: 5 };
export const basket: Body<"/v1/cross-sell", "post"> = { items: ["i"] };
export const rank: Body<"/v1/rank", "post"> = { user_id: "u", items: ["i"] };
export const batch: Body<"/v1/batch/recommendations", "post"> = { user_ids: ["u"] };
export const change: Body<"/v1/items/{item_id}", "put"> = { available: false };
export const line: Body<"/v1/items", "put"> = { item_id: "i", price: null };
export const preferences: Body<"/v1/users/{user_id}/preferences", "put"> = { personalized: false };
export const query: paths["/v1/popular"]["get"]["parameters"]["query"] = { limit: 3 };

export function titles(answer: Answer): (string | undefined)[] {
  return answer.items.map((pick) => pick.title);
}

// @ts-expect-error an event has an item
export const bad: Body<"/v1/events", "post"> = { events: [{ event_id: "1", type: "view", session_id: "s", time: "" }] };
"""


@pytest.mark.slow
def test_a_generated_client_compiles(tmp_path: Path) -> None:
    generate_types(tmp_path)
    (tmp_path / "client.ts").write_text(CLIENT)
    compile_strictly(tmp_path, "client.ts")
