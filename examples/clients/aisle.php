<?php
// A client of Aisle's HTTP API: one file, for PHP 8 with its curl extension.
//
//     $aisle = new Aisle('https://shop.example/recs', getenv('AISLE_KEY') ?: null);
//     foreach ($aisle->get(['v1', 'items', 'A/1', 'cross-sell'], ['limit' => 4])['items'] as $pick) {
//         echo htmlspecialchars($pick['title'] ?? $pick['item_id']), "\n";
//     }

declare(strict_types=1);

/** What the service answered in place of what was asked for (RFC 9457); the code is the status, 0 where no answer came. */
final class AisleError extends RuntimeException
{
    public function __construct(int $status, public readonly array $told, public readonly ?int $retryAfter = null)
    {
        parent::__construct("$status: " . ($told['detail'] ?? 'no detail'), $status);
    }
}

/** Asks the service at $url, which may have a path; time-outs are in milliseconds. */
final class Aisle
{
    private const RETRIES = 2;
    private const MAX_WAIT_SECONDS = 5;

    private CurlHandle $curl; // its connection is used again

    public function __construct(
        private readonly string $url,
        private readonly ?string $key = null,
        private readonly int $timeout = 2000,
        private readonly int $connectTimeout = 500,
    ) {
        $this->curl = curl_init();
    }

    /** What is at a path, given by its parts: ids as they are. A list in $query repeats the parameter, null is left out. */
    public function get(array $path, array $query = []): array
    {
        return $this->read('GET', $path, $query);
    }

    /** What is answered to a body that only asks, as for a session or a basket. */
    public function post(array $path, array $body): array
    {
        return $this->read('POST', $path, [], $body);
    }

    /**
     * Tell what users and visitors did. Each event has an event_id of the shop's own, as an order's number and line: one
     * that is sent again counts once, so that what failed may be sent again.
     */
    public function sendEvents(array $events): array
    {
        return $this->send('POST', ['v1', 'events'], [], ['events' => $events]);
    }

    /** Ask again, a little later, where the service says that it cannot answer just now. */
    private function read(string $method, array $path, array $query = [], ?array $body = null): array
    {
        for ($retry = 0;; $retry++) {
            try {
                return $this->send($method, $path, $query, $body);
            } catch (AisleError $problem) {
                if ($problem->getCode() !== 503 || $problem->retryAfter === null || $retry === self::RETRIES) {
                    throw $problem;
                }
                sleep(min($problem->retryAfter, self::MAX_WAIT_SECONDS));
            }
        }
    }

    private function send(string $method, array $path, array $query, ?array $body): array
    {
        $retryAfter = null;
        curl_reset($this->curl);
        curl_setopt_array($this->curl, [
            CURLOPT_URL => rtrim($this->url, '/') . '/' . implode('/', array_map('rawurlencode', $path)) . self::query($query),
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_PATH_AS_IS => true, // an id may be ".."
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_TIMEOUT_MS => $this->timeout,
            CURLOPT_CONNECTTIMEOUT_MS => $this->connectTimeout,
            CURLOPT_HTTPHEADER => [
                'Accept: application/json',
                ...($this->key ? ["Authorization: Bearer $this->key"] : []),
                ...($body === null ? [] : ['Content-Type: application/json']),
            ],
            CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$retryAfter): int {
                if (preg_match('/^Retry-After:\s*(\d+)\s*$/i', $line, $found)) {
                    $retryAfter = (int) $found[1];
                }
                return strlen($line);
            },
        ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => json_encode($body, JSON_THROW_ON_ERROR)]));
        $answer = curl_exec($this->curl);
        if ($answer === false) {
            throw new AisleError(0, ['detail' => 'no answer: ' . curl_error($this->curl)]);
        }
        $status = curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
        $told = json_decode($answer, true);
        if ($status >= 400 || !is_array($told)) {
            throw new AisleError($status, is_array($told) ? $told : ['detail' => 'not JSON'], $retryAfter);
        }
        return $told;
    }

    private static function query(array $query): string
    {
        $pairs = [];
        foreach ($query as $name => $values) {
            foreach (is_array($values) ? $values : ($values === null ? [] : [$values]) as $value) {
                $pairs[] = rawurlencode((string) $name) . '=' . rawurlencode(is_bool($value) ? ($value ? 'true' : 'false') : (string) $value);
            }
        }
        return $pairs ? '?' . implode('&', $pairs) : '';
    }
}
