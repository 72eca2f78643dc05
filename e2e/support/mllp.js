// Sends an HL7 v2 message as a laboratory system does, and gives what comes back.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const START = '\x0b';
const END = '\x1c\r';

export const example = readFileSync(new URL('../../examples/result.hl7', import.meta.url), 'latin1');

export function send(address, message) {
  const at = address.lastIndexOf(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(address.slice(at + 1)), address.slice(0, at));
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (piece) => {
      answer += piece;
      if (answer.endsWith(END)) {
        socket.end();
        resolve(answer.slice(START.length, -END.length));
      }
    });
    socket.write(`${START}${message}${END}`, 'latin1');
  });
}
