// A sandbox that runs for as long as a test needs it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const PROGRAM = new URL('../../target/debug/schakel', import.meta.url).pathname;

// Starts it; gives the URLs of its FHIR bases, and what ends it.
export async function startSandbox() {
  const sandbox = spawn(PROGRAM, ['sandbox', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const bases = [];
  for await (const line of createInterface({ input: sandbox.stdout })) {
    bases.push(line);
    if (bases.length === 2) break;
  }
  const [r4, stu3] = bases;
  const stop = async () => {
    const ended = once(sandbox, 'exit');
    sandbox.kill('SIGTERM');
    await ended;
  };
  return { bases: { r4, stu3 }, stop };
}
