<?php
// Run deployHuman/fortnox-client, whose address is an option; print what came of each call.

use DeployHuman\fortnox\{ApiClient, Configuration};

require "$argv[1]/vendor/autoload.php";

$url = getenv('SANDBOX_URL');
$config = (new Configuration(false))
    ->setAppID('sandbox')
    ->SetBaseUrl($url)
    ->setLogPath(sys_get_temp_dir())
    ->setClient_id(getenv('FORTNOX_CLIENT_ID'))
    ->setClient_secret(getenv('FORTNOX_CLIENT_SECRET'));
$client = new ApiClient($config);
$calls = [
    'exchange a code' => fn () => $client->Authentication()->callAPIExchangeCodeForTokens(getenv('CODE')),
    'refresh' => fn () => $client->Authentication()->callAPIRefreshAccessToken(),
    'list invoices' => fn () => $client->Fortnox()->Invoices()->apiListInvoices(),
    'company information' => fn () => $client->Fortnox()->CompanyInformation()->apiCompanyInformation(),
    'revoke' => fn () => $client->Authentication()->callAPIRevokeRefreshtoken(),
];
$ended = [];
foreach ($calls as $name => $call) {
    try {
        $answer = $call();
        $ended[$name] = $answer->getStatusCode() . ($answer->getHeaders() ? '' : ', made up by the client, which sent nothing');
    } catch (Throwable $error) {
        $ended[$name] = strtok($error->getMessage(), "\n");
    }
}
echo json_encode($ended);
