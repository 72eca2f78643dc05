// What people take from the pages: a file of values, a record on paper; and
// what they take apart on them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { assertAccessible } from '../support/axe.js';
import { launch } from '../support/browser.js';
import { pagesOf, regional } from '../support/demo.js';
import { openTreatedPatient } from '../support/patient.js';

let browser;
let story;

before(async () => {
  browser = await launch();
  story = await openTreatedPatient(browser);
});
after(async () => browser?.close());

test('a course has a period and a file of its values', async () => {
  const { clinician, record, patient } = story;
  const address = clinician.url();
  await record.section('results').getByRole('link', { name: /Grafiek van/ }).first().click();
  const rows = clinician.locator('tbody tr');
  const all = await rows.count();
  await clinician.getByRole('link', { name: 'Laatste 3 maanden' }).click();
  assert.ok((await rows.count()) <= all);
  await assertAccessible(clinician, 'trend of three months');
  await clinician.getByRole('link', { name: 'Alles' }).click();
  assert.equal(await rows.count(), all);
  const [download] = await Promise.all([
    clinician.waitForEvent('download'),
    clinician.getByRole('link', { name: 'Download als CSV-bestand' }).click(),
  ]);
  assert.ok(!download.url().includes(patient.bsn));
  assert.equal(download.suggestedFilename(), 'schakel.csv');
  const lines = readFileSync(await download.path(), 'utf8').split('\r\n').slice(0, -1);
  assert.ok(lines[0].startsWith('\ufefftest,part,time,value,unit,'));
  assert.ok(lines.length > all, 'a line for every source of every value');
  await clinician.goto(address);
});

test('a group is taken apart and put together again', async () => {
  const { clinician, record } = story;
  const rows = record.section('medication').locator('.fact-title');
  const before = await rows.count();
  const group = record.section('medication').locator('tr.open details').first();
  await group.locator('summary').click();
  await group.getByRole('button', { name: /^Haal uit elkaar/ }).click();
  assert.ok(clinician.url().endsWith('#medication'));
  assert.ok((await rows.count()) > before);
  await assertAccessible(clinician, 'a group taken apart');
  await record.section('medication').getByRole('button', { name: /^Zet weer bij elkaar/ }).click();
  assert.equal(await rows.count(), before);
});

test('the patient takes the record along on paper', async () => {
  const { own } = story;
  await own.goto(`${pagesOf(regional)}/my/record`);
  await own.getByRole('link', { name: /^Neem mee naar uw afspraak/ }).click();
  assert.equal(await own.locator('details').count(), 0, 'nothing is folded away');
  const states = await own.locator('.sources li').allInnerTexts();
  assert.ok(states.some((one) => /gegevens/.test(one)) && states.some((one) => /geen antwoord|heeft niets/.test(one)));
  for (const row of await own.locator('.paper-table tbody tr:not(.of-source)').all()) {
    const cells = await row.locator('td').allInnerTexts();
    assert.ok(cells.every((cell) => cell.trim()), `a date and a source: ${cells}`);
  }
  await own.emulateMedia({ media: 'print' });
  assert.ok(!(await own.getByRole('navigation').first().isVisible()));
  assert.ok(!(await own.getByRole('button', { name: 'Afmelden' }).isVisible()));
  assert.ok(await own.getByRole('heading', { level: 1, name: 'Mijn gegevens' }).isVisible());
  const pdf = await own.pdf({ preferCSSPageSize: true });
  assert.ok(pdf.subarray(0, 5).equals(Buffer.from('%PDF-')));
  await own.emulateMedia({ media: null });
});

// A page may be long on a phone, never wide.
test('no page is wider than a phone', async () => {
  const { clinician, own } = story;
  const width = 390;
  const fits = async (page, where) => {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${where} is ${wide} wide`);
    await page.setViewportSize({ width: 1360, height: 900 });
  };
  await fits(clinician, 'record');
  for (const path of ['/my/record', '/my/results', '/my/print', '/my/consent', '/my/log']) {
    await own.goto(`${pagesOf(regional)}${path}`);
    await fits(own, path);
  }
});
