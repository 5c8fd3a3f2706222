// Live progress of a Sync. One stream says what has changed: how far the run is, or that the page as a whole is out of
// date; then the page is loaded again behind the scenes and its parts with `data-live` are replaced. See sync_panel.html.

const RETRY_MS = 2000;
const LOST_AFTER_MS = 4000;

let stream = null;
let retry = 0;
let lost = 0;
let said = null;

const voice = document.createElement("p");
voice.className = "visually-hidden";
voice.setAttribute("aria-live", "polite");
document.body.append(voice);

const panel = () => document.querySelector("[data-sync-events]");

function show(when) {
  for (const element of document.querySelectorAll("[data-when]")) element.hidden = element.dataset.when !== when;
}

/** Say what has changed aloud, and nothing twice: who listens must not be drowned in numbers. */
function say(root) {
  const words = root.querySelector("[data-said]")?.dataset.said ?? "";
  if (words && said !== null && words !== said) voice.textContent = words;
  said = words;
}

function replaced(element) {
  element.dispatchEvent(new Event("replaced", { bubbles: true }));
}

function stop() {
  stream?.close();
  stream = null;
  clearTimeout(retry);
  clearTimeout(lost);
  lost = 0;
}

// A hidden page listens to nothing: browsers allow few connections to one site, shared by all tabs.
function listen() {
  stop();
  if (document.hidden || !panel()) return;
  stream = new EventSource(panel().dataset.syncEvents);
  stream.addEventListener("open", () => { clearTimeout(lost); lost = 0; show(null); });
  stream.addEventListener("progress", (event) => {
    const place = document.querySelector("[data-progress]");
    if (!place) return;
    place.innerHTML = event.data;
    replaced(place);
    say(place);
  });
  stream.addEventListener("changed", refresh);
  stream.addEventListener("signed-out", signedOut);
  stream.addEventListener("error", () => {
    lost ||= setTimeout(() => show("lost"), LOST_AFTER_MS);
    // The browser tries again by itself, unless the answer was no stream: then the page itself tells why.
    if (stream?.readyState === EventSource.CLOSED) retry = setTimeout(refresh, RETRY_MS);
  });
}

function signedOut() {
  stop();
  show("signed-out");
}

async function refresh() {
  stop();
  let answer;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return later();
  }
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return signedOut();
  if (!answer.ok) return later();
  replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
  listen();
}

function later() {
  show("lost");
  retry = setTimeout(refresh, RETRY_MS);
}

/** What somebody has typed or ticked and not sent yet stays. */
function keepEntered(old, made) {
  for (const field of old.querySelectorAll("input[id], select[id], textarea[id]")) {
    const twin = made.querySelector(`#${CSS.escape(field.id)}`);
    if (!twin) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked !== field.defaultChecked) twin.checked = field.checked;
    } else if (field.tagName === "SELECT" || field.value !== field.defaultValue) {
      twin.value = field.value;
    }
  }
}

function replaceParts(page) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const made = page.getElementById(old.id);
    if (!made) {
      location.reload();
      return;
    }
    keepEntered(old, made);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
    old.replaceWith(made);
    replaced(made);
    if (focused !== null) {
      const place = (focused && document.getElementById(focused)) || made.querySelector("[tabindex]");
      place?.focus({ preventScroll: true });
    }
  }
  if (panel()) say(panel());
}

document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
addEventListener("pagehide", stop);

if (panel()) {
  say(panel());
  listen();
}
