// npm `fhirclient` (SMART) against both FHIR bases of a sandbox, as a server-side
// app has it: the client is made for a request of the app's own user.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import smart from 'fhirclient';
import { startSandbox } from '../support/sandbox.js';

let sandbox;

before(async () => {
  sandbox = await startSandbox();
});

after(() => sandbox.stop());

// Lets the app do its work in a request of its user, and gives what came of it.
async function inApp(baseUrl, work) {
  let done;
  const app = createServer((request, response) => {
    request.session = {};
    done = work(smart(request, response).client(baseUrl)).finally(() => response.end());
    done.catch(() => {});
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  await fetch(`http://127.0.0.1:${app.address().port}/`).then((answer) => answer.text());
  app.close();
  return done;
}

const patient = (family) => ({ resourceType: 'Patient', name: [{ family }] });

for (const base of ['r4', 'stu3']) {
  describe(base, () => {
    test('a resource is made, read, changed and deleted', () => inApp(sandbox.bases[base], async (client) => {
      assert.equal(await client.getFhirVersion(), base === 'r4' ? '4.0.1' : '3.0.2');
      const made = await client.create(patient('Oosterveen'));
      const url = `Patient/${made.id}`;
      assert.equal((await client.request(url)).name[0].family, 'Oosterveen');
      await client.update({ ...patient('Westerveen'), id: made.id });
      const patched = await client.patch(url, [{ op: 'add', path: '/gender', value: 'female' }]);
      assert.deepEqual([patched.name[0].family, patched.gender], ['Westerveen', 'female']);
      await client.delete(url);
      await assert.rejects(client.request(url), ({ status }) => status === 410);
    }));

    test('references are resolved and pages are joined', () => inApp(sandbox.bases[base], async (client) => {
      const { id } = await client.create(patient('Bladzijde'));
      const entry = Array.from({ length: 5 }, (_, place) => ({
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { text: `meting ${place}` },
          subject: { reference: `Patient/${id}` },
        },
        request: { method: 'POST', url: 'Observation' },
      }));
      const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry });
      const headers = { 'content-type': 'application/fhir+json' };
      const written = await client.request({ url: '/', method: 'POST', body, headers });
      assert.equal(written.entry.length, 5);

      const options = { pageLimit: 0, flat: true, resolveReferences: ['subject'] };
      const found = await client.request(`Observation?patient=${id}&_count=2`, options);
      assert.equal(found.length, 5);
      assert.ok(found.every(({ subject }) => subject.name[0].family === 'Bladzijde'));
    }));

    test('what is wrong is an error with the status', () => inApp(sandbox.bases[base], async (client) => {
      await assert.rejects(client.request('Patient?favourite=blue'), ({ status, message }) =>
        status === 400 && /favourite/.test(message));
    }));
  });
}
