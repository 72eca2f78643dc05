// Chooses the patient of a test: one whom the hospital treats, with data at the
// pharmacy, who lets everyone see it.
import { RecordPage } from '../pages/record.js';
import { ConsentPage } from '../pages/consent.js';
import { signInAsPatient, signInAt } from '../pages/sign-in.js';
import { visitor } from './browser.js';
import { candidates, hospital, person, pharmacy } from './demo.js';

const TRIES_MAX = 12;

export async function openTreatedPatient(browser) {
  const clinician = await visitor(browser);
  await signInAt(clinician, hospital, person('internist', hospital));
  const record = new RecordPage(clinician);
  for (const patient of candidates.slice(0, TRIES_MAX)) {
    await record.find(patient.bsn);
    if (!(await record.isOpen())) continue;
    const own = await visitor(browser);
    await signInAsPatient(own, patient);
    const choices = new ConsentPage(own);
    await choices.chooseEveryone();
    await choices.confirm();
    await clinician.reload();
    if (/gegevens/.test(await record.stateOf(pharmacy))) {
      return { patient, clinician, record, own, choices };
    }
    await own.context().close();
  }
  throw new Error('the region has no patient whom the hospital treats with data at the pharmacy');
}
