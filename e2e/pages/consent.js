// The patient's choices.
import { pagesOf, regional } from '../support/demo.js';

export class ConsentPage {
  constructor(page) {
    this.page = page;
  }

  async open() {
    await this.page.goto(`${pagesOf(regional)}/my/consent`);
  }

  async now() {
    return this.page.locator('#now').innerText();
  }

  async chooseEveryone() {
    await this.open();
    await this.page.getByRole('button', { name: /^Iedereen die mij behandelt/ }).click();
  }

  // Opens the boxes of a group of holders, such as "Apotheken".
  async change(holder) {
    await this.open();
    await this.page.getByRole('link', { name: `Wijzigen ${holder}` }).click();
  }

  box(kind, who) {
    return this.page.getByRole('group', { name: kind }).getByLabel(who);
  }

  async preview() {
    await this.page.getByRole('button', { name: 'Bekijk wat er verandert' }).click();
  }

  async losses() {
    return this.page.locator('#losses li').allInnerTexts();
  }

  async confirm() {
    await this.page.getByRole('button', { name: 'Bevestigen' }).click();
    await this.page.getByRole('heading', { level: 1, name: 'Uw keuze is veranderd' }).waitFor();
  }
}
