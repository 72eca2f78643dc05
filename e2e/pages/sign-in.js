import { pagesOf, regional } from '../support/demo.js';

// Signs somebody in at the pages of an organisation.
export async function signInAt(page, organisation, person) {
  await page.goto(`${pagesOf(organisation)}/`);
  await page.getByRole('button', { name: person.name }).first().click();
}

// Signs a patient in, who is looked up by name at the regional organisation.
export async function signInAsPatient(page, patient) {
  await page.goto(`${pagesOf(regional)}/`);
  await page.getByLabel('Naam', { exact: true }).fill(patient.name);
  await page.getByRole('button', { name: 'Zoeken' }).click();
  await page.getByRole('button', { name: patient.name }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Mijn gegevens' }).waitFor();
}

export async function signOut(page) {
  await page.getByRole('button', { name: 'Afmelden' }).click();
}
