// PyPI `fhirpy` against both FHIR bases of a sandbox: the tests are in Python, in
// `fhirpy/`, in the environment that `scripts/prepare-tests` makes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startSandbox } from '../support/sandbox.js';

const HERE = new URL('..', import.meta.url).pathname;
const PYTHON = `${HERE}.venv/bin/python`;

let sandbox;

before(async () => {
  assert.ok(existsSync(PYTHON), 'fhirpy is not installed: run scripts/prepare-tests');
  sandbox = await startSandbox();
});

after(() => sandbox?.stop());

for (const base of ['r4', 'stu3']) {
  test(`fhirpy at ${base}`, async () => {
    const python = spawn(PYTHON, ['-m', 'unittest', '-v', 'fhirpy_client'], {
      cwd: `${HERE}fhirpy`,
      env: { ...process.env, FHIR_BASE: sandbox.bases[base], PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let said = '';
    python.stderr.on('data', (text) => { said += text; });
    const [code] = await once(python, 'exit');
    assert.equal(code, 0, said);
    assert.match(said, /Ran [1-9]/);
  });
}
