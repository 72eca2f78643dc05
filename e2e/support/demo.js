// What the tests know of the running region: the file that it writes.
import { readFileSync } from 'node:fs';

const file = process.env.SCHAKEL_DEMO_JSON;
if (!file) {
  throw new Error('SCHAKEL_DEMO_JSON must name the demo.json of a running region');
}

export const demo = JSON.parse(readFileSync(file, 'utf8'));

export function organisation(type) {
  const found = demo.organisations.find((one) => one.type === type);
  if (!found) throw new Error(`the region has no organisation of type ${type}`);
  return found;
}

// RoleCodeNL, as in demo.json.
export const hospital = organisation('V4');
export const pharmacy = organisation('J8');
export const practice = organisation('Z3');
export const laboratory = organisation('L1');
export const regional = organisation('RSO');

export function person(role, at) {
  const found = demo.people.find((one) => one.role === role && (!at || one.organisation === at.slug));
  if (!found) throw new Error(`the region has nobody in the role ${role}`);
  return found;
}

// Patients of whom the hospital, the pharmacy and the practice hold data.
export const candidates = demo.patients.filter((patient) =>
  [hospital, pharmacy, practice].every((one) => patient.sources.includes(one.slug)),
);

// A patient of whom the hospital has nothing.
export const stranger = demo.patients.find((patient) => !patient.sources.includes(hospital.slug));

// Where the pages of an organisation are, without a slash at the end.
export function pagesOf(one) {
  const address = one.web ?? (one === regional ? demo.url : undefined);
  if (!address) throw new Error(`demo.json names no pages of ${one.slug}`);
  return address.replace(/\/$/, '');
}
