// A client that others wrote, against one FHIR base: `schakel sandbox`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Client } from 'fhir-kit-client';

const PROGRAM = new URL('../../target/debug/schakel', import.meta.url).pathname;

let sandbox;
let client;

before(async () => {
  sandbox = spawn(PROGRAM, ['sandbox', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [base] = await once(createInterface({ input: sandbox.stdout }), 'line');
  client = new Client({ baseUrl: base });
});

after(async () => {
  const ended = once(sandbox, 'exit');
  sandbox.kill('SIGTERM');
  await ended;
});

const patient = (family) => ({ resourceType: 'Patient', name: [{ family }] });

test('the capability statement can be read', async () => {
  const statement = await client.capabilityStatement();
  assert.equal(statement.fhirVersion, '4.0.1');
});

test('a resource lives: made, read, changed, patched, followed and deleted', async () => {
  const made = await client.create({ resourceType: 'Patient', body: patient('Oosterveen') });
  const { id } = made;
  const read = await client.read({ resourceType: 'Patient', id });
  assert.deepEqual(read.name, [{ family: 'Oosterveen' }]);

  await client.update({ resourceType: 'Patient', id, body: { ...patient('Westerveen'), id } });
  const jsonPatch = [{ op: 'add', path: '/birthDate', value: '1965-03-21' }];
  const patched = await client.patch({ resourceType: 'Patient', id, jsonPatch });
  assert.equal(patched.birthDate, '1965-03-21');
  assert.equal(patched.name[0].family, 'Westerveen');

  const first = await client.vread({ resourceType: 'Patient', id, version: '1' });
  assert.equal(first.name[0].family, 'Oosterveen');
  const history = await client.history({ resourceType: 'Patient', id });
  assert.equal(history.entry.length, 3);

  await client.delete({ resourceType: 'Patient', id });
  await assert.rejects(client.read({ resourceType: 'Patient', id }), ({ response }) => response.status === 410);
});

test('pages of a search follow each other, by GET and by POST', async () => {
  const entry = Array.from({ length: 5 }, (_, number) => ({
    resource: patient(`Bladzijde${number}`),
    request: { method: 'POST', url: 'Patient' },
  }));
  const written = await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } });
  assert.equal(written.entry.length, 5);

  const searchParams = { name: 'Bladzijde', _count: '2' };
  for (const options of [{}, { postSearch: true }]) {
    const names = new Set();
    let page = await client.search({ resourceType: 'Patient', searchParams, options });
    while (page) {
      for (const { resource } of page.entry ?? []) names.add(resource.name[0].family);
      page = await client.nextPage({ bundle: page });
    }
    assert.equal(names.size, 5);
  }
});

test('an operation answers, and what is wrong is told as an OperationOutcome', async () => {
  const { id } = await client.create({ resourceType: 'Patient', body: patient('Zuiderveen') });
  const everything = await client.operation({ resourceType: 'Patient', id, name: 'everything', method: 'GET' });
  assert.equal(everything.entry[0].resource.id, id);
  const wrong = client.search({ resourceType: 'Patient', searchParams: { favourite: 'blue' } });
  await assert.rejects(wrong, ({ response }) =>
    response.status === 400 && response.data.resourceType === 'OperationOutcome');
});
