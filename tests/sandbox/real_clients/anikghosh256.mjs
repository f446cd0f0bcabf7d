// Run anikghosh256/fortnox-node-sdk, whose API has an address to set; print what came of each call.

import { pathToFileURL } from 'node:url';

const { FortnoxClient } = await import(pathToFileURL(`${process.argv[2]}/src/index.ts`));
const client = new FortnoxClient({
  clientId: process.env.FORTNOX_CLIENT_ID,
  clientSecret: process.env.FORTNOX_CLIENT_SECRET,
  redirectUri: process.env.FORTNOX_REDIRECT_URI,
  baseUrl: process.env.FORTNOX_API_URL,
  initialRefreshToken: process.env.REFRESH,
});
const invoice = { CustomerNumber: '1001', InvoiceRows: [{ Description: 'Frakt', Price: 100, AccountNumber: 3001 }] };
let made;
const calls = {
  refresh: async () => (await client.getAuthManager().refreshAccessToken()).token_type,
  'list unpaid invoices': async () => `${(await client.invoices.list({ filter: 'unpaid' })).Invoices.length} of the first page`,
  'read an invoice': async () => (await client.invoices.get('10001')).DocumentNumber,
  'make an invoice': async () => (made = await client.invoices.create(invoice)).DocumentNumber,
  'book it': async () => (await client.invoices.bookkeep(made.DocumentNumber)).Booked,
  'make a customer': async () => (made = await client.customers.create({ Name: 'Åsa Gruv AB' })).CustomerNumber,
  'delete it': async () => (await client.customers.delete(made.CustomerNumber)) ?? 'deleted',
  'read what is not there': async () => await client.invoices.get('999999'),
};
const ended = {};
for (const [name, call] of Object.entries(calls)) {
  ended[name] = String(await call().catch((error) => `${error.name}: ${error.message}`));
}
process.stdout.write(JSON.stringify(ended));
