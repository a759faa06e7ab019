<?php

/**
 * AsyncAws for PHP: its core signs, sends and repeats; the operations are written here (it has no package of these services).
 */

declare(strict_types=1);

require '/usr/share/php/AsyncAws/Core/autoload.php';

use AsyncAws\Core\AbstractApi;
use AsyncAws\Core\AwsError\AwsErrorFactoryInterface;
use AsyncAws\Core\AwsError\JsonRpcAwsErrorFactory;
use AsyncAws\Core\Exception\Http\HttpException;
use AsyncAws\Core\Request;
use AsyncAws\Core\RequestContext;
use AsyncAws\Core\Response;
use AsyncAws\Core\Stream\StringStream;

const SERVICES = [
    'metering' => ['aws-marketplace', 'AWSMPMeteringService'],
    'entitlement' => ['aws-marketplace', 'AWSMPEntitlementService'],
    'cloudtrail' => ['cloudtrail', 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101'],
];

final class Client extends AbstractApi
{
    public string $service;

    /** What the request is answered is read later: several can be under way. */
    public function begin(string $operation, array $input): Response
    {
        array_walk_recursive($input, static function (&$value, $key): void {
            if (in_array($key, ['Timestamp', 'StartTime', 'EndTime'], true)) {
                $value = (float) (new DateTimeImmutable($value))->format('U.u');
            }
        });
        $headers = [
            'Content-Type' => 'application/x-amz-json-1.1',
            'X-Amz-Target' => SERVICES[$this->service][1] . '.' . $operation,
        ];
        $body = StringStream::create(json_encode($input === [] ? new stdClass() : $input, JSON_THROW_ON_ERROR));
        return $this->getResponse(new Request('POST', '/', [], $headers, $body), new RequestContext(['operation' => $operation]));
    }

    // With an endpoint of one's own, only what is signed is taken from here.
    protected function getEndpointMetadata(?string $region): array
    {
        return [
            'endpoint' => 'http://127.0.0.1',
            'signRegion' => $region,
            'signService' => SERVICES[$this->service][0],
            'signVersions' => ['v4'],
        ];
    }

    protected function getAwsErrorFactory(): AwsErrorFactoryInterface
    {
        return new JsonRpcAwsErrorFactory();
    }
}

function clientOf(array $scenario, string $service): Client
{
    $client = new Client([
        'endpoint' => $scenario['endpoint'],
        'region' => $scenario['region'],
        'accessKeyId' => $scenario['credentials']['accessKeyId'],
        'accessKeySecret' => $scenario['credentials']['secretAccessKey'],
    ]);
    $client->service = $service;
    return $client;
}

function answerOf(Response $response): array
{
    try {
        return ['output' => $response->toArray()];
    } catch (HttpException $error) {
        return ['error' => ['name' => $error->getAwsCode(), 'message' => $error->getAwsMessage()]];
    } catch (Throwable $error) {
        return ['error' => ['name' => get_class($error), 'message' => $error->getMessage()]];
    }
}

$answers = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $scenario) {
    $clients = [];
    $begin = static function (array $call) use ($scenario, &$clients): Response {
        $clients[$call['service']] ??= clientOf($scenario, $call['service']);
        return $clients[$call['service']]->begin($call['operation'], $call['input']);
    };
    if ($scenario['atOnce'] ?? false) {
        usleep(max(0, (int) ($scenario['notBeforeMs'] * 1000 - microtime(true) * 1_000_000)));
        $answers[] = array_map('answerOf', array_map($begin, $scenario['calls']));
    } else {
        $answers[] = array_map(static fn (array $call): array => answerOf($begin($call)), $scenario['calls']);
    }
}
echo json_encode($answers, JSON_THROW_ON_ERROR);
