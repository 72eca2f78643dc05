// npm `fhir-kit-client` against both FHIR bases of a sandbox.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from 'fhir-kit-client';
import { startSandbox } from '../support/sandbox.js';

let sandbox;

before(async () => {
  sandbox = await startSandbox();
});

after(() => sandbox.stop());

const patient = (family) => ({ resourceType: 'Patient', name: [{ family }] });

// What each version calls an order, and the number that FHIR gives the version.
const VERSIONS = [
  { base: 'r4', number: '4.0.1', order: 'ServiceRequest', other: 'ProcedureRequest' },
  { base: 'stu3', number: '3.0.2', order: 'ProcedureRequest', other: 'ServiceRequest' },
];

for (const { base, number, order, other } of VERSIONS) {
  describe(base, () => {
    let client;

    before(() => {
      client = new Client({ baseUrl: sandbox.bases[base] });
    });

    test('the capability statement can be read', async () => {
      const statement = await client.capabilityStatement();
      assert.equal(statement.fhirVersion, number);
      const types = statement.rest[0].resource.map(({ type }) => type);
      assert.ok(types.includes(order) && !types.includes(other));
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

    test('each version has its own types', async () => {
      const { id } = await client.create({ resourceType: 'Patient', body: patient('Noorderveen') });
      const body = {
        resourceType: order,
        status: 'active',
        intent: 'order',
        code: { text: 'bloedonderzoek' },
        subject: { reference: `Patient/${id}` },
      };
      const made = await client.create({ resourceType: order, body });
      const found = await client.search({ resourceType: order, searchParams: { 'subject:Patient.name': 'Noorderveen' } });
      assert.deepEqual(found.entry.map(({ resource }) => resource.id), [made.id]);
      await assert.rejects(client.search({ resourceType: other }), ({ response }) => response.status === 404);
    });

    test('pages of a search follow each other, by GET and by POST', async () => {
      const entry = Array.from({ length: 5 }, (_, place) => ({
        resource: patient(`Bladzijde${place}`),
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
  });
}
