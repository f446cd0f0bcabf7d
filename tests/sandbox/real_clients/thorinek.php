<?php
// Run ThorinEk/fortnox-php-api-client, whose host is an option; print what came of each call.

use FortnoxApi\Api\{CompanyInformationResourceApi, InvoicePaymentsResourceApi, InvoicesResourceApi};
use FortnoxApi\Configuration;
use FortnoxApi\Model\{InvoicePayment, InvoicePaymentWrap};

error_reporting(E_ALL & ~E_DEPRECATED);
require "$argv[1]/vendor/autoload.php";

$config = (new Configuration())->setHost(getenv('SANDBOX_URL'));
// It leaves the authorization to Guzzle.
$guzzle = new GuzzleHttp\Client(['headers' => ['Authorization' => 'Bearer ' . getenv('ACCESS')]]);
$payments = new InvoicePaymentsResourceApi($guzzle, $config);
$invoices = new InvoicesResourceApi($guzzle, $config);
$company = new CompanyInformationResourceApi($guzzle, $config);
$made = null;
$calls = [
    'list payments' => fn () => count($payments->listInvoicePaymentsResource()->getInvoicePayments()) . ' of the first page',
    'read a payment' => fn () => 'number ' . $payments->getInvoicePaymentsResource(1)->getInvoicePayment()->getNumber(),
    'make a payment' => function () use ($payments, &$made) {
        $payment = new InvoicePayment(['invoice_number' => 10260, 'amount' => 100, 'payment_date' => new DateTime()]);
        $made = $payments->createInvoicePaymentsResource(new InvoicePaymentWrap(['invoice_payment' => $payment]));
        return 'number ' . $made->getInvoicePayment()->getNumber();
    },
    'delete it' => function () use ($payments, &$made) {
        $payments->removeInvoicePaymentsResource($made->getInvoicePayment()->getNumber());
        return 'deleted';
    },
    'list invoices' => fn () => count($invoices->listInvoicesResource()->getInvoices()) . ' of the first page',
];
$ended = [];
foreach ($calls as $name => $call) {
    try {
        $ended[$name] = $call();
    } catch (Throwable $error) {
        $ended[$name] = strtok(get_class($error) . ': ' . $error->getMessage(), "\n");
    }
}
echo json_encode($ended);
