// The story: the internist sees the region's data; the patient withdraws a
// consent; the internist sees it gone; the patient sees who looked.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, visitor } from '../support/browser.js';
import { hospital, pagesOf, person, pharmacy, practice, regional, stranger } from '../support/demo.js';
import { openTreatedPatient } from '../support/patient.js';
import { RecordPage } from '../pages/record.js';
import { signInAt, signOut } from '../pages/sign-in.js';

const PICTURE = new URL('../../docs/images/combined-record.png', import.meta.url).pathname;

let browser;
let story;

before(async () => {
  browser = await launch();
  story = await openTreatedPatient(browser);
});
after(async () => browser?.close());

test('the internist sees one picture with the source of everything', async () => {
  const { record, patient, clinician } = story;
  assert.match(await record.banner.innerText(), new RegExp(patient.bsn));
  for (const one of [hospital, pharmacy, practice]) {
    assert.match(await record.stateOf(one), /gegevens/, one.name);
  }
  assert.ok(await record.showsDataOf(pharmacy));
  assert.ok(!clinician.url().includes(patient.bsn), 'no BSN in the address');
  assert.deepEqual(clinician.faults, []);
  if (!existsSync(PICTURE) || process.env.SCHAKEL_SCREENSHOT) {
    mkdirSync(new URL('.', `file://${PICTURE}`).pathname, { recursive: true });
    await clinician.screenshot({ path: PICTURE, clip: { x: 0, y: 0, width: 1360, height: 1200 }, fullPage: true });
  }
});

test('a result leads to its course and to where it comes from', async () => {
  const { clinician, record } = story;
  const chart = record.section('results').getByRole('link', { name: /Grafiek van/ }).first();
  if (await chart.count()) {
    await chart.click();
    await clinician.locator('svg.trend').first().waitFor();
    assert.ok((await clinician.locator('table caption').count()) > 0, 'a table stands beside the chart');
    await clinician.getByRole('link', { name: 'Terug naar de gegevens' }).click();
  }
  await clinician.locator('.told .source a').first().click();
  await clinician.getByRole('heading', { level: 1, name: 'Herkomst van dit gegeven' }).waitFor();
  await clinician.getByText('Opgehaald').waitFor();
  await clinician.getByRole('link', { name: 'Terug naar de gegevens' }).click();
});

test('the patient withdraws a consent, sees the effect first, and it holds at once', async () => {
  const { choices, clinician, record, own } = story;
  await choices.change('Apotheken');
  await choices.box('Medicijnen', 'Ziekenhuizen, klinieken en laboratoria').uncheck();
  await choices.preview();
  const losses = await choices.losses();
  assert.equal(losses.length, 1);
  assert.match(losses[0], /NIET meer zien/);
  assert.match(losses[0], new RegExp(hospital.name));

  await clinician.reload();
  assert.match(await record.stateOf(pharmacy), /gegevens/, 'a preview changes nothing');

  await choices.confirm();
  assert.match(await own.locator('main').innerText(), /Dit geldt nu bij alle organisaties/);

  await clinician.reload();
  assert.match(await record.stateOf(pharmacy), /niet toegestaan/);
  assert.ok(!(await record.showsDataOf(pharmacy)), 'nothing of the pharmacy is left on the page');
});

test('the patient undoes it, and it is there again', async () => {
  const { choices, clinician, record, own } = story;
  await own.getByRole('button', { name: 'Ongedaan maken' }).click();
  await choices.confirm();
  await clinician.reload();
  assert.match(await record.stateOf(pharmacy), /gegevens/);
});

test('the patient sees who looked', async () => {
  const { own } = story;
  await own.getByRole('link', { name: 'Wie heeft gekeken' }).first().click();
  const log = await own.locator('main').innerText();
  assert.match(log, new RegExp(person('internist', hospital).name.replace('.', '\\.')));
  assert.match(log, new RegExp(hospital.name));
  assert.match(log, /Klopt dit niet\?/);
});

test('the patient sees what was changed before', async () => {
  const { own } = story;
  await own.goto(`${pagesOf(regional)}/my/consent/history`);
  assert.match(await own.locator('main').innerText(), /NIET meer zien/);
});

test('without a treatment relation nothing is asked, and a physician may break the glass', async () => {
  if (!stranger) return;
  const page = await visitor(browser);
  await signInAt(page, hospital, person('internist', hospital));
  const record = new RecordPage(page);
  await record.find(stranger.bsn);
  await page.getByRole('heading', { level: 1, name: 'Geen behandelrelatie gevonden' }).waitFor();
  await page.getByRole('link', { name: 'Naar noodtoegang' }).click();
  await page.getByRole('button', { name: 'Toch bekijken' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Waarom is dit nodig?').fill('Bewusteloos binnengebracht, medicijnen niet bekend');
  await page.getByRole('button', { name: 'Toch bekijken' }).click();
  assert.ok(await record.isOpen());
  assert.match(await record.banner.innerText(), /noodtoegang/);
  await signOut(page);
  await page.getByRole('heading', { level: 1, name: 'Aanmelden' }).waitFor();
});
