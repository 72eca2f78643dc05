// By keyboard alone, and without scripts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, visitor } from '../support/browser.js';
import { candidates, hospital, pagesOf, person } from '../support/demo.js';
import { RecordPage } from '../pages/record.js';
import { signInAt } from '../pages/sign-in.js';

const STEPS_MAX = 200;

let browser;
before(async () => { browser = await launch(); });
after(async () => browser?.close());

const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const name = (one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent).trim();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name,
    tag: one.tagName.toLowerCase(),
    outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    covered: !(top === null || one.contains(top) || top.contains(one)),
  };
});

// Presses Tab until something with this name has the focus; every stop on the
// way must be visible.
async function tabTo(page, name) {
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (at.tag === 'body') continue;
    assert.ok(at.outline, `no visible focus on ${at.tag} ${at.name}`);
    assert.ok(!at.covered, `the focus on ${at.tag} ${at.name} is covered`);
    if (at.name.startsWith(name)) return;
  }
  assert.fail(`${name} cannot be reached with the Tab key`);
}

test('a clinician finds a patient and opens a row by keyboard', async () => {
  const page = await visitor(browser);
  await page.goto(`${pagesOf(hospital)}/`);
  await page.keyboard.press('Tab');
  assert.equal((await focused(page)).name, 'Direct naar de inhoud');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await tabTo(page, person('internist', hospital).name);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Patiënt zoeken' }).waitFor();
  let opened = false;
  for (const patient of candidates.slice(0, 12)) {
    await page.goto(`${pagesOf(hospital)}/patients`);
    await tabTo(page, 'Burgerservicenummer');
    await page.keyboard.type(patient.bsn);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
    opened = await new RecordPage(page).isOpen();
    if (opened) break;
  }
  assert.ok(opened, 'the hospital treats somebody');
  const summary = page.locator('summary').first();
  if (await summary.count()) {
    await tabTo(page, (await summary.innerText()).trim());
    await page.keyboard.press('Enter');
    assert.ok(await page.evaluate(() => document.activeElement.parentElement.open));
  }
});

test('a wrong BSN is told beside the field', async () => {
  const page = await visitor(browser);
  await signInAt(page, hospital, person('internist', hospital));
  await new RecordPage(page).find('123456789');
  const field = page.getByLabel('Burgerservicenummer (BSN)');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.match(await page.getByRole('alert').innerText(), /geen geldig BSN/);
  assert.equal(await field.inputValue(), '');
});

test('everything works without scripts', async () => {
  const page = await visitor(browser, { javaScriptEnabled: false });
  await signInAt(page, hospital, person('internist', hospital));
  const record = new RecordPage(page);
  let opened = false;
  for (const patient of candidates.slice(0, 12)) {
    await record.find(patient.bsn);
    opened = await record.isOpen();
    if (opened) break;
  }
  assert.ok(opened);
  assert.equal(await page.locator('script').count(), 0);
  assert.deepEqual(page.faults, []);
});

test('the pages are safe by their headers', async () => {
  const page = await visitor(browser);
  const response = await page.goto(`${pagesOf(hospital)}/`);
  const headers = response.headers();
  assert.equal(
    headers['content-security-policy'],
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  await signInAt(page, hospital, person('internist', hospital));
  const cookies = await page.context().cookies();
  const session = cookies.find((one) => one.name === `schakel-${hospital.ura}`);
  assert.ok(session.httpOnly);
  assert.equal(session.sameSite, 'Lax');
});
