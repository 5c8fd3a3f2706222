"""On a phone without scripts a table stays one and is moved sideways: no word is broken, nothing lies over another."""

import pytest
from playwright.async_api import Page

from tests.browser.accessibility import too_wide
from tests.browser.looks import PHONE
from tests.browser.visiting import Visitors, sign_in
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

# Words of our own in cells that stand on two lines, and heads of rows that lie over the next cell.
_SQUEEZED = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll('table.cards td')) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode())
      for (const word of text.data.matchAll(/[A-Za-z]+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) broken.push(word[0]);
      }
  }
  const over = [...document.querySelectorAll('table.cards tbody th[scope=row]')]
    .filter(head => head.scrollWidth > head.clientWidth).map(head => head.innerText);
  return [...broken, ...over];
}"""


async def squeezed(page: Page, address: str) -> list[str]:
    await page.goto(address)
    assert await page.locator("table.cards tbody tr").count(), "there is a table to look at"
    return [f"{address}: {what}" for what in [*await page.evaluate(_SQUEEZED), *await too_wide(page)]]


async def test_a_table_is_as_wide_as_its_words_need(visitors: Visitors, partner: Partner) -> None:
    await partner.connect()
    stranger = lines(1, customer_id="C-9", customer_name="Wide World Importers", line_id="s", unit_price="1200")
    await partner.publish(partner.event([*lines(3, unit_price="1034.50"), *stranger]))
    run = await partner.sync()
    page = await visitors.page(PHONE, javascript=False)
    await sign_in(page, partner.api_key)
    here = f"/portal/{partner.name}"
    pages = ("month", "report", "history", f"runs/{run['run_id']}", "customer/C-9", "customers", "licences", "audit")
    found = [what for name in pages for what in await squeezed(page, f"{here}/{name}")]
    assert not found, "\n".join(found)
