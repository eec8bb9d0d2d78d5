<?php
// Submits a customer with a signed request. PHP 7.4 or later, no packages.
//
//   php sign.php credentials.json customer.json

const PATH = '/participants/customers/new';

// The signature covers timestamp, method, target and body, with nothing between them.
function sign(string $secret, string $timestamp, string $method, string $target, string $body): string
{
    $message = $timestamp . $method . $target . ($body !== '' ? $body : '{}');
    return base64_encode(hash_hmac('sha256', $message, base64_decode($secret), true));
}

if ($argc !== 3) {
    fwrite(STDERR, "usage: php sign.php CREDENTIALS BODY\n");
    exit(2);
}
$credentials = json_decode(file_get_contents($argv[1]), true);
$body = file_get_contents($argv[2]); // bytes: what is signed is what is sent
$timestamp = (string) time(); // whole seconds

$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [
        'Content-Type: application/json',
        'X-NDAX-API-KEY: ' . $credentials['api_key'],
        'X-NDAX-SIGNED: ' . sign($credentials['secret'], $timestamp, 'POST', PATH, $body),
        'X-NDAX-TIMESTAMP: ' . $timestamp,
        'X-NDAX-PASSPHRASE: ' . $credentials['passphrase'],
    ],
    'content' => $body,
    'ignore_errors' => true, // read the answer of an error too
]]);
$stream = fopen($credentials['base_url'] . PATH, 'rb', false, $context);
if ($stream === false) {
    exit(3);
}
$status = (int) explode(' ', stream_get_meta_data($stream)['wrapper_data'][0])[1];
echo $status, "\n", stream_get_contents($stream), "\n";
exit($status === 200 ? 0 : 1);
