// One browser per test file; one context per person, as people have their own.
import { chromium } from 'playwright-core';

export const VIEWPORT = { width: 1360, height: 900 };

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Without a sandbox, because tests often run as root in a container.
    args: ['--no-sandbox', '--disable-gpu'],
  });
}

// A new person at a new browser. Whatever the browser refuses by the content
// security policy, and whatever fails to load, is kept in `page.faults`.
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({ viewport: VIEWPORT, locale: 'nl-NL', ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error') page.faults.push(message.text());
  });
  page.on('requestfailed', (request) => page.faults.push(`${request.url()} failed`));
  return page;
}
