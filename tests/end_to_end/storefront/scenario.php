<?php
// What a storefront does with the client in PHP; prints what it was answered.

declare(strict_types=1);

require __DIR__ . '/aisle.php';

[, $url, $key, $busy, $silent, $given] = $argv;
$ids = json_decode($given, true);
$aisle = new Aisle($url, $key, 30000);

/** The status and the bad fields that a request is refused with. */
function refusal(callable $ask): array
{
    try {
        return $ask();
    } catch (AisleError $error) {
        return [$error->getCode(), array_column($error->told['errors'] ?? [], 'field')];
    }
}

function ids(array $answer): array
{
    return array_column($answer['items'], 'item_id');
}

$event = [
    'event_id' => 'php-1',
    'type' => 'view',
    'user_id' => 'a/b',
    'item_id' => $ids[0],
    'time' => gmdate('Y-m-d\TH:i:s\Z'),
];
echo json_encode([
    'items' => array_map(fn ($id) => $aisle->get(['v1', 'items', $id])['item']['item_id'], $ids),
    'bought_together' => ids($aisle->get(['v1', 'items', $ids[0], 'cross-sell'], ['limit' => 1])),
    'viewed_together' => ids($aisle->get(['v1', 'items', $ids[0], 'viewed-together'], ['limit' => 1])),
    'narrowed' => ids($aisle->get(['v1', 'items'], ['category' => ['even', 'no & such'], 'min_price' => null, 'limit' => 2, 'in_stock' => false])),
    'missing' => $aisle->post(['v1', 'recommendations'], ['recent_items' => [...$ids, 'gone/1']])['missing_ids'],
    'events' => [$aisle->sendEvents([$event])['accepted'], $aisle->sendEvents([$event])['duplicates']],
    'recent' => array_column($aisle->get(['v1', 'users', 'a/b', 'recent'])['viewed'], 'item_id'),
    'bad' => refusal(fn () => $aisle->get(['v1', 'popular'], ['limit' => 0])),
    'unknown' => refusal(fn () => $aisle->get(['v1', 'items', 'gone/1'])),
    'busy' => refusal(fn () => ids((new Aisle($busy))->get(['v1', 'popular']))),
    'events_when_busy' => refusal(fn () => (new Aisle($busy))->sendEvents([$event])),
    'silent' => refusal(fn () => (new Aisle($silent, null, 300))->get(['v1', 'popular'])),
], JSON_THROW_ON_ERROR);
