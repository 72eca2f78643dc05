// Axe on every kind of page, in both languages.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { launch, visitor } from '../support/browser.js';
import { assertAccessible } from '../support/axe.js';
import { hospital, laboratory, pagesOf, person, regional, stranger } from '../support/demo.js';
import { openTreatedPatient } from '../support/patient.js';
import { RecordPage } from '../pages/record.js';
import { signInAt } from '../pages/sign-in.js';

let browser;
before(async () => { browser = await launch(); });
after(async () => browser?.close());

// The page as it is, and in the other language.
async function inBothLanguages(page, where) {
  await assertAccessible(page, `${where} (nl)`);
  const address = page.url();
  await page.getByRole('button', { name: 'English' }).click();
  if (page.url() !== address) await page.goto(address);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await assertAccessible(page, `${where} (en)`);
  await page.getByRole('button', { name: 'Nederlands' }).click();
  if (page.url() !== address) await page.goto(address);
}

test('the pages for everyone', async () => {
  const page = await visitor(browser);
  await page.goto(`${pagesOf(regional)}/`);
  await inBothLanguages(page, 'start');
  await page.goto(`${pagesOf(hospital)}/`);
  await inBothLanguages(page, 'sign in');
  await page.goto(`${pagesOf(hospital)}/nergens`);
  await assertAccessible(page, 'no such page');
});

test('the pages of the clinician', async () => {
  const { clinician, record, own } = await openTreatedPatient(browser);
  for (const details of await clinician.locator('details').all()) {
    await details.evaluate((one) => { one.open = true; });
  }
  await assertAccessible(clinician, 'record, all open');
  await inBothLanguages(clinician, 'record');
  const chart = record.section('results').getByRole('link', { name: /Grafiek van/ }).first();
  if (await chart.count()) {
    await chart.click();
    await inBothLanguages(clinician, 'trend');
    await clinician.getByRole('link', { name: 'Terug naar de gegevens' }).click();
  }
  await clinician.locator('.told .source a').first().click();
  await inBothLanguages(clinician, 'datum');
  await clinician.getByRole('link', { name: 'Patiënt zoeken' }).click();
  await inBothLanguages(clinician, 'find');

  for (const path of ['/my/record', '/my/results', '/my/print', '/my/consent', '/my/consent/holder/RPZAC001',
    '/my/consent/exception', '/my/consent/history', '/my/log']) {
    await own.goto(`${pagesOf(regional)}${path}`);
    await inBothLanguages(own, path);
  }
  await own.goto(`${pagesOf(regional)}/my/consent`);
  await own.getByRole('button', { name: /^Niemand/ }).click();
  await assertAccessible(own, 'preview');
});

test('no relation and emergency', async () => {
  if (!stranger) return;
  const page = await visitor(browser);
  await signInAt(page, hospital, person('internist', hospital));
  await new RecordPage(page).find(stranger.bsn);
  await assertAccessible(page, 'no relation');
  await page.getByRole('link', { name: 'Naar noodtoegang' }).click();
  await inBothLanguages(page, 'emergency');
});

test('the pages of the coordinator and the operator', async () => {
  const coordinator = await visitor(browser);
  await signInAt(coordinator, regional, person('coordinator', regional));
  await inBothLanguages(coordinator, 'region');
  const operator = await visitor(browser);
  await signInAt(operator, laboratory, person('operator', laboratory));
  await inBothLanguages(operator, 'messages');
  const first = operator.getByRole('link', { name: /^Bekijk/ }).first();
  if (await first.count()) {
    await first.click();
    await inBothLanguages(operator, 'message');
    await operator.getByRole('button', { name: 'Bericht tonen' }).click();
    await assertAccessible(operator, 'message with content');
  }
  await operator.getByRole('link', { name: 'Gezondheid' }).click();
  await inBothLanguages(operator, 'checks');
});
