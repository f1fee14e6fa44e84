"""The policy editor as people use it: type, see what would change by list and map, two persons sign."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, PHONE, Opener


def test_from_a_typed_value_to_a_published_policy(visit: Opener) -> None:
    chief, lead = visit("chief"), visit("lead", size=PHONE)
    page = chief.go("/policy/edit")
    page.fill("#reason", "patrols are held back this week")
    page.fill('[id="verification_h.medium"]', "1")
    expect(page.locator("[data-policy-count]")).to_have_text("1 value differs")
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator('[id="verification_h.high-error"]')).to_be_visible()
    expect(page.locator('[id="verification_h.medium"]')).to_have_value("1")
    (told,) = chief.troubles  # the browser's console tells of the refusal too
    assert "422" in told
    chief.troubles.clear()
    for level in ("high", "medium", "low"):
        page.fill(f'[id="verification_h.{level}"]', "1")
        page.fill(f'[id="verification_h.{level}.reason"]', "trial")
    page.get_by_role("button", name="See what would change").click()
    page.locator("[data-policy-map][data-ready]").wait_for(timeout=PATIENCE_MS)
    changed = int(page.locator("[data-policy-map]").get_attribute("data-changed") or 0)
    assert changed > 0
    page.locator(".policy-segments summary").first.click()
    page.locator("[data-at]").first.click()
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("status")).to_contain_text("waits for a second person")
    phone = lead.go("/policy")
    phone.get_by_role("link", name="patrols are held back this week").click()
    phone.locator("[data-policy-map][data-ready]").wait_for(timeout=PATIENCE_MS)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("button", name="Publish as the second person").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Policy 1")
