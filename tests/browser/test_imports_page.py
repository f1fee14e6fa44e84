"""A file of reports from the hand of a person to the map, and a photo from the device to the desk."""

from __future__ import annotations

from tests.browser.conftest import PHONE

CSV = (
    "When,What,Lat,Long\n2026-03-10 09:00Z,Armed robbery,5.09001,30.02001\n2026-03-10 10:00Z,picnic,5.09001,30.03001\n"
)
SEND_PHOTO = """async () => {
  const { addPhoto, sendParts } = await import("/static/field/photos.js");
  const canvas = new OffscreenCanvas(2400, 1200), context = canvas.getContext("2d");
  for (let i = 0; i < 300; i++) {
    context.fillStyle = `hsl(${i * 7} 60% 50%)`;
    context.fillRect((i * 97) % 2400, (i * 53) % 1200, 90, 70);
  }
  const file = new File([await canvas.convertToBlob({ type: "image/png" })], "bridge.png", { type: "image/png" });
  const photo = await addPhoto(file);
  const headers = { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content };
  const answers = { damage: "washed_out", place: "30.02, 5.09" };
  const body = JSON.stringify({ id: crypto.randomUUID(), form: "bridge", answers });
  const typed = { ...headers, "Content-Type": "application/json" };
  const sent = await fetch("/api/v1/reports", { method: "POST", headers: typed, body });
  const report = (await sent.json()).report_id;
  const row = await sendParts(report, { id: crypto.randomUUID(), blob: photo.blob }, { headers });
  return { report, width: photo.width, height: photo.height, small: photo.small.size, state: row.state };
}"""


def test_a_file_is_looked_at_on_a_phone_and_published_without_scripts(visit):
    page = visit("duty", size=PHONE).go("/imports")
    page.set_input_files("#file", {"name": "week.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    page.select_option("#form", "incident")
    page.click("text=Show what it would bring")
    page.locator("[data-import][data-ready]").wait_for()
    assert "picnic" in page.locator(".rows .error").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out of the phone"
    plain = visit("duty", scripts=False).go(page.url.removeprefix(page.url.split("/imports")[0]))
    plain.click("text=Publish 1 report")
    assert "Published: 1 report counts from now on." in plain.locator("[role=status]").inner_text()


def test_a_photo_is_shrunk_on_the_device_and_seen_at_the_desk(visit):
    page = visit("duty").go("/report")
    done = page.evaluate(SEND_PHOTO)
    assert (done["width"], done["height"], done["state"]) == (1600, 800, "whole")
    assert done["small"] <= 48_000
    page.goto(page.url.replace("/report", f"/desk?report={done['report']}"))
    image = page.locator(".photos img")
    image.wait_for()
    assert image.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") == 320
