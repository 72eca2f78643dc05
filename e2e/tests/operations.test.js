// The operator finds what went wrong; the coordinator sees how the region does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible } from '../support/axe.js';
import { launch, visitor } from '../support/browser.js';
import { laboratory, pagesOf, person, regional } from '../support/demo.js';
import { example, send } from '../support/mllp.js';
import { signInAt } from '../pages/sign-in.js';

let browser;
let operator;

before(async () => {
  browser = await launch();
  operator = await visitor(browser);
  await signInAt(operator, laboratory, person('operator', laboratory));
});
after(async () => browser?.close());

async function show(choices) {
  await operator.goto(`${pagesOf(laboratory)}/messages`);
  for (const [label, value] of Object.entries(choices)) {
    const field = operator.getByLabel(label, { exact: true });
    if (/^\d{4}-/.test(value)) await field.fill(value);
    else await field.selectOption(value);
  }
  await operator.getByRole('button', { name: 'Toon', exact: true }).click();
}

const rows = () => operator.locator('tbody tr');
const found = async () => Number((await operator.locator('.found').innerText()).match(/^[\d.]+/)[0].replace('.', ''));

test('a refused message is found by its state, kind, sender and day, and kept whole', async () => {
  // A number that fails the eleven-test: only its form is of a BSN.
  const wrong = example.replace(/999\d{6}/, '123456789').replace('DEMO-0001', `E2E-${Date.now()}`);
  const answer = await send(laboratory.mllp, wrong);
  assert.match(answer, /MSA\|AE\|/);

  await show({ Stand: 'refused', Soort: 'ORU^R01', Van: '2020-01-01' });
  assert.ok((await rows().count()) >= 1);
  assert.equal(await found(), await rows().count());
  assert.match(await rows().first().innerText(), /mislukt/);
  assert.ok(!(await operator.locator('main').innerText()).includes('123456789'), 'no content in the list');
  await assertAccessible(operator, 'filtered messages');
  const address = new URL(operator.url());
  assert.equal(address.searchParams.get('state'), 'refused');

  await show({ Stand: 'refused', 'Tot en met': '2020-01-01' });
  await operator.getByText('Er zijn geen berichten die hierbij passen.').waitFor();
  assert.equal(await found(), 0);

  await show({ Stand: 'refused' });
  await operator.getByRole('link', { name: /^Bekijk/ }).first().click();
  await operator.getByText('the BSN fails the eleven-test').waitFor();
  await operator.getByRole('button', { name: 'Opnieuw verwerken' }).click();
  await operator.getByText('Het bericht kon weer niet worden verwerkt.').waitFor();
  await operator.getByRole('button', { name: 'Bericht tonen' }).click();
  assert.match(await operator.locator('pre.code').innerText(), /^MSH\|/);
});

test('what comes in meanwhile moves no page', async () => {
  await show({ Stand: 'accepted' });
  const older = operator.getByRole('link', { name: 'Oudere berichten' });
  if (!(await older.count())) return;
  const all = await found();
  await older.click();
  const second = await rows().first().locator('a').getAttribute('href');
  const fresh = example.replace('DEMO-0001', `E2E-${Date.now()}`);
  assert.match(await send(laboratory.mllp, fresh), /MSA\|AA\|/);
  await operator.reload();
  assert.equal(await rows().first().locator('a').getAttribute('href'), second);
  await operator.getByRole('link', { name: 'Naar de nieuwste' }).click();
  assert.equal(await found(), all + 1);
});

test('the checks are those of the doctor', async () => {
  await operator.goto(`${pagesOf(laboratory)}/checks`);
  const told = await operator.locator('.findings').innerText();
  for (const check of ['Uitwisselingen', 'Toegangsregels', 'Sleutels en mensen', 'Database', 'Berichten', 'Regionale diensten']) {
    assert.ok(told.includes(check), check);
  }
});

test('the coordinator sees how many people chose what, and no small number', async () => {
  const page = await visitor(browser);
  await signInAt(page, regional, person('coordinator', regional));
  const consents = page.locator('#consents');
  const tiles = consents.locator('.numbers li');
  assert.equal(await tiles.count(), 4);
  for (const value of await tiles.locator('.number-value').allInnerTexts()) {
    assert.match(value, /^(0|\d{2,}|\d+\.\d{3}|minder dan 10|niet getoond)$/);
  }
  for (const told of await tiles.locator('.explain').allInnerTexts()) {
    assert.match(told, /\. Geteld om \d+\.\d{2} uur\.$/, 'a definition and when it was counted');
  }
  await assertAccessible(page, 'region');
  assert.deepEqual(page.faults, []);
});
