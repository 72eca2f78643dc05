// The combined record, as a clinician sees it.
export class RecordPage {
  constructor(page) {
    this.page = page;
  }

  async find(bsn) {
    await this.page.getByRole('link', { name: 'Patiënt zoeken' }).click();
    await this.page.getByLabel('Burgerservicenummer (BSN)').fill(bsn);
    await this.page.getByRole('button', { name: 'Zoek patiënt' }).click();
  }

  // Whether a record was opened; else there is no treatment relation.
  async isOpen() {
    return (await this.page.locator('#sources').count()) === 1;
  }

  get banner() {
    return this.page.getByRole('region', { name: 'Patiënt', exact: true });
  }

  // The state of a source in words, such as "niet toegestaan".
  async stateOf(organisation) {
    const row = this.page.locator('#sources li', { hasText: organisation.name });
    return (await row.locator('.source-state').innerText()).trim();
  }

  section(id) {
    return this.page.locator(`#${id}`);
  }

  // Whether any datum on the page names an organisation as its source.
  async showsDataOf(organisation) {
    const told = this.page.locator('.told, .measurements .source, .compare tbody th');
    return (await told.filter({ hasText: organisation.name }).count()) > 0;
  }
}
